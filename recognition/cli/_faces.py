"""Pictures and folders of people for commands, with their problems named on stderr.

Public surface: ``find_pictures``, ``analyse_with_progress``, ``read_people`` with ``People``,
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
from recognition.contracts import EmbeddingSpace, Vectors
from recognition.decision import QualityFloors, describe_issue, quality_issues
from recognition.errors import RecognitionError

if TYPE_CHECKING:
    from recognition.pipeline import Engine, FileAnalysis

__all__ = [
    "People",
    "analyse_with_progress",
    "find_pictures",
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


def analyse_with_progress(engine: Engine, files: Sequence[Path]) -> Iterator[FileAnalysis]:
    """``pipeline.analyse_files`` that says how far it is."""
    from recognition.pipeline import analyse_files

    return with_progress(analyse_files(engine, files), total=len(files), label="pictures")


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
    for answer in analyse_with_progress(engine, list(owners)):
        problem = _problem(answer, floors)
        if problem is not None:
            problems[answer.path] = problem
            continue
        names.append(owners[answer.path])
        files.append(answer.path)
        vectors.append(answer.analysis.faces[0].embedding)
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


def _problem(answer: FileAnalysis, floors: QualityFloors | None) -> str | None:
    if answer.error is not None:
        return answer.error.message
    if not answer.analysis.faces:
        return "no face was found"
    quality = answer.analysis.faces[0].quality
    issues = quality_issues(quality, floors) if floors is not None else ()
    if floors is None or not issues:
        return None
    return describe_issue(issues[0], quality, floors)
