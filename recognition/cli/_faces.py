"""Pictures and folders of people for commands, with their problems named on stderr.

Public surface: ``find_pictures``, ``pictures_with_faces``, ``read_people`` with ``People``,
``report_problems``, ``usable_threshold``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recognition.cli._output import complain
from recognition.cli._progress import with_progress
from recognition.config import DEFAULT_MODEL
from recognition.contracts import EmbeddingSpace, ImageAnalysis, Vectors
from recognition.decision import QualityFloors, describe_issue, quality_issues
from recognition.errors import RecognitionError

if TYPE_CHECKING:
    from recognition.pipeline import Engine

__all__ = [
    "People",
    "find_pictures",
    "pictures_with_faces",
    "read_people",
    "report_problems",
    "usable_threshold",
]


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """One row a usable photo: its file, whose it is, and ``vectors`` ``(N, D) float32``.

    ``problems`` says of each photo that was left out why.
    """

    names: tuple[str, ...]
    files: tuple[Path, ...]
    vectors: Vectors
    problems: dict[Path, str]


def find_pictures(inputs: Sequence[Path]) -> list[Path]:
    """Files as they are named, and of folders every picture at any depth, by name."""
    from recognition.datasets.folders import PICTURE_SUFFIXES

    found: list[Path] = []
    for given in inputs:
        if given.is_dir():
            inside = (path for path in given.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
            found += sorted(path for path in inside if path.is_file())
        else:
            found.append(given)
    if not found:
        raise RecognitionError(
            f"No picture lies in {', '.join(map(str, inputs))}. Name files, or folders of them.",
            code="input.empty",
        )
    return found


def pictures_with_faces(
    engine: Engine,
    files: Sequence[Path],
    *,
    problems: dict[Path, str],
    flip_fusion: bool | None = None,
) -> Iterator[tuple[Path, ImageAnalysis]]:
    """Every picture that shows a face, with progress; of the others ``problems`` is told why."""
    from recognition.pipeline.files import analyse_files, analysis_or_problem

    answers = analyse_files(engine, files, flip_fusion=flip_fusion)
    for path, answer in with_progress(answers, total=len(files), label="pictures"):
        analysis = analysis_or_problem(answer)
        if isinstance(analysis, str):
            problems[path] = analysis
        else:
            yield path, analysis


def read_people(engine: Engine, root: Path, *, floors: QualityFloors | None = None) -> People:
    """The main face of every photo of ``root/<person>/<photo>``; ``_`` in a name is a space.

    Photos below ``floors`` are left out. Raises ``RecognitionError`` where none is left.
    """
    from recognition.datasets.folders import list_classes

    owners = {path: folder.display_name for folder in list_classes(root) for path in folder.files}
    names: list[str] = []
    files: list[Path] = []
    vectors: list[Vectors] = []
    problems: dict[Path, str] = {}
    for path, analysis in pictures_with_faces(engine, list(owners), problems=problems):
        face = analysis.faces[0]
        issues = quality_issues(face.quality, floors) if floors is not None else ()
        if floors is not None and issues:
            problems[path] = describe_issue(issues[0], face.quality, floors)
            continue
        names.append(owners[path])
        files.append(path)
        vectors.append(face.embedding)
    if not vectors:
        report_problems(problems)
        raise RecognitionError(
            f"No photo in {root} shows a face that can be used; expected a folder per person with "
            "photos in it.",
            code="input.empty",
        )
    return People(tuple(names), tuple(files), np.stack(vectors), problems)


def report_problems(problems: Mapping[Path, str]) -> int:
    """Name each on stderr and return the exit code: 1 where there are any."""
    for path, message in problems.items():
        complain(f"{path}: {message}")
    return 1 if problems else 0


def usable_threshold(space: EmbeddingSpace, asked: float | None, *, default: float) -> float:
    """``asked``, or else ``default``, which holds for the default model alone."""
    if asked is not None:
        return asked
    if space.model_id != DEFAULT_MODEL:
        raise RecognitionError(
            f"The built-in thresholds were measured with {DEFAULT_MODEL}, not {space.model_id}. "
            "Measure its scores and give --threshold.",
            code="threshold.unknown",
        )
    return default
