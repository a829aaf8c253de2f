"""Pictures from disk through the engine, in bounded memory.

Public surface: ``analyse_files`` with ``FileAnalysis``, ``collect_main_faces`` with ``MainFaces``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import EmbeddingSpace, ImageAnalysis, Vectors
from recognition.errors import ImageRejected, RecognitionError
from recognition.pipeline.batching import chunks
from recognition.pipeline.engine import Engine

__all__ = ["FileAnalysis", "MainFaces", "analyse_files", "collect_main_faces"]


@dataclass(frozen=True, slots=True, eq=False)
class FileAnalysis:
    """What came of one file: exactly one of ``found`` and ``error`` is set."""

    path: Path
    found: ImageAnalysis | None
    error: RecognitionError | None

    @property
    def analysis(self) -> ImageAnalysis:
        """What was found; raises the error where the file was refused."""
        if self.found is None:
            raise self.error or ImageRejected(f"{self.path} was not analysed.")
        return self.found


@dataclass(frozen=True, slots=True, eq=False)
class MainFaces:
    """One vector a file: that of its main face, large and central.

    ``vectors`` is ``(N, D) float32`` in the order of ``paths``, unit rows where ``is_found``
    (``(N,) bool``) holds and zero elsewhere; ``problems`` says why for the others.
    """

    paths: tuple[Path, ...]
    vectors: Vectors
    is_found: NDArray[np.bool_]
    problems: dict[Path, str]


def analyse_files(
    engine: Engine, paths: Sequence[Path], *, flip_fusion: bool | None = None
) -> Iterator[FileAnalysis]:
    """Analyse files a batch at a time, in order.

    A file that cannot be read or is no picture is answered by its error and spoils no other.
    """
    for part in chunks(paths, size=engine.config.batch_size):
        contents = [_read(path) for path in part]
        readable = [content for content in contents if isinstance(content, bytes)]
        answers = iter(engine.analyse(readable, flip_fusion=flip_fusion))
        for path, content in zip(part, contents, strict=True):
            answer = next(answers) if isinstance(content, bytes) else content
            if isinstance(answer, RecognitionError):
                yield FileAnalysis(path, None, answer)
            else:
                yield FileAnalysis(path, answer, None)


def collect_main_faces(
    analyses: Iterable[FileAnalysis], *, space: EmbeddingSpace, count: int
) -> MainFaces:
    """Keep the main face's vector of each of ``count`` analyses, and let the pictures go."""
    paths: list[Path] = []
    problems: dict[Path, str] = {}
    vectors = np.zeros((count, space.dimension), dtype=np.float32)
    is_found = np.zeros(count, dtype=np.bool_)
    for row, answer in enumerate(analyses):
        paths.append(answer.path)
        if answer.error is not None:
            problems[answer.path] = answer.error.message
        elif not answer.analysis.faces:
            problems[answer.path] = "no face was found"
        else:
            vectors[row] = answer.analysis.faces[0].embedding
            is_found[row] = True
    return MainFaces(tuple(paths), vectors, is_found, problems)


def _read(path: Path) -> bytes | ImageRejected:
    try:
        return path.read_bytes()
    except OSError as error:
        return ImageRejected(f"{path} cannot be read: {error.strerror}.", code="image.unreadable")
