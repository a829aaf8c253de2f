"""Pictures from disk through the engine, in bounded memory.

Public surface: ``analyse_files``, ``analysis_or_problem``, ``read_contents``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from recognition.contracts import ImageAnalysis
from recognition.errors import ImageRejected, RecognitionError
from recognition.pipeline.batching import chunks
from recognition.pipeline.engine import Engine

__all__ = ["analyse_files", "analysis_or_problem", "read_contents"]


def analyse_files(
    engine: Engine, paths: Sequence[Path], *, flip_fusion: bool | None = None
) -> Iterator[tuple[Path, ImageAnalysis | RecognitionError]]:
    """Analyse files a batch at a time, in order; each with its path.

    A file that cannot be read or is no picture is answered by its error and spoils no other.
    """
    for part in chunks(paths, size=engine.config.batch_size):
        contents = [read_contents(path) for path in part]
        readable = [content for content in contents if isinstance(content, bytes)]
        answers = iter(engine.analyse(readable, flip_fusion=flip_fusion))
        for path, content in zip(part, contents, strict=True):
            yield path, next(answers) if isinstance(content, bytes) else content


def read_contents(path: Path) -> bytes | ImageRejected:
    """The file's bytes, or the error (``image.unreadable``) to answer in their place."""
    try:
        return path.read_bytes()
    except OSError as error:
        return ImageRejected(f"{path} cannot be read: {error.strerror}.", code="image.unreadable")


def analysis_or_problem(answer: ImageAnalysis | RecognitionError) -> ImageAnalysis | str:
    """An analysis that shows a face, or in words why there is none to go on with."""
    if isinstance(answer, RecognitionError):
        return answer.message
    return answer if answer.faces else "no face was found"
