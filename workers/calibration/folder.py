"""Labelled photos in folders as evidence. Public surface: ``read_folder``, ``measure_folder``.

``DIR/<person>/<photo>`` are the people to be enrolled, each photo also a probe against the others;
``DIR/_strangers/<photo>`` or ``DIR/_strangers/<person>/<photo>`` are people who are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from portal.calibration.figures import Figures
from portal.core.errors import DomainError
from portal.engines.selectors import policy_in_force
from recognition.calibration import Gallery, Labelled, Wish, build_evidence
from recognition.contracts import Face, ImageAnalysis
from recognition.decision import PROBE_FLOORS, describe_issue, quality_issues
from recognition.errors import RecognitionError
from workers.calibration.evidence import Gathered, about_the_engines_mean
from workers.calibration.priors import prior_of
from workers.calibration.summary import summarised
from workers.engine_host import EngineHost
from workers.folder import BATCH, SUFFIXES, folders_of

__all__ = ["FolderOutcome", "LabelledFolder", "Refused", "measure_folder", "read_folder"]

STRANGERS: Final = "_strangers"


@dataclass(frozen=True, slots=True)
class LabelledFolder:
    """Whose each photo is. A photo that lies in ``_strangers`` itself is a person of its own."""

    people: tuple[tuple[str, Path], ...]
    strangers: tuple[tuple[str, Path], ...]


@dataclass(frozen=True, slots=True)
class Refused:
    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class FolderOutcome:
    """``photos`` were usable, ``refused`` were not."""

    figures: Figures
    photos: int
    refused: tuple[Refused, ...]


def read_folder(root: Path) -> LabelledFolder:
    """Raises ``DomainError`` where there are no photos of people."""
    people = tuple((name, path) for name, paths in folders_of(root) for path in paths)
    return LabelledFolder(people, tuple(_strangers(root / STRANGERS)))


def measure_folder(host: EngineHost, folder: LabelledFolder, *, wish: Wish) -> FolderOutcome:
    """Raises ``DomainError`` where too little is usable."""
    refused: list[Refused] = []
    people, names = _embedded(host, folder.people, refused)
    outside, strangers = _embedded(host, folder.strangers, refused)
    if len(set(names)) < 2:
        raise DomainError(
            f"Photos of {len(set(names))} people are usable; at least two people are needed."
            + (
                f" The first that is not: {refused[0].path}: {refused[0].reason}" if refused else ""
            ),
            code="calibration.too_few_people",
        )
    gallery = about_the_engines_mean(
        Gallery.of(np.stack(people), person_ids=names, prior_mean=host.engine.site_mean())
    )
    faces = Labelled(np.stack(outside), strangers) if outside else None
    figures = summarised(
        Gathered(
            build_evidence(gallery, strangers=faces),
            photos=len(people),
            confirmed=0,
            refused_names=0,
        ),
        wish=wish,
        policy=policy_in_force(len(gallery), space_id=host.space.pk),
        prior=prior_of(host.space.model_id),
    )
    return FolderOutcome(figures, len(people) + len(outside), tuple(refused))


def _strangers(folder: Path) -> Iterator[tuple[str, Path]]:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith("."):
            for photo in sorted(path.iterdir()):
                if _is_photo(photo):
                    yield f"{STRANGERS}/{path.name}", photo
        elif _is_photo(path):
            yield f"{STRANGERS}/{path.name}", path


def _is_photo(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


def _embedded(
    host: EngineHost, photos: Sequence[tuple[str, Path]], refused: list[Refused]
) -> tuple[list[NDArray[np.float32]], list[str]]:
    """The main face of each photo that a camera's rule would compare, and whose it is."""
    vectors: list[NDArray[np.float32]] = []
    names: list[str] = []
    for start in range(0, len(photos), BATCH):
        read = list(_read(photos[start : start + BATCH], refused))
        analyses = host.engine.analyse([data for _, _, data in read])
        for (name, path, _), analysis in zip(read, analyses, strict=True):
            face, reason = _main_face(analysis)
            if face is None:
                refused.append(Refused(path, reason))
            else:
                vectors.append(face.embedding)
                names.append(name)
    return vectors, names


def _read(
    photos: Sequence[tuple[str, Path]], refused: list[Refused]
) -> Iterator[tuple[str, Path, bytes]]:
    for name, path in photos:
        try:
            yield name, path, path.read_bytes()
        except OSError as error:
            refused.append(Refused(path, f"cannot be read: {error.strerror}"))


def _main_face(analysis: ImageAnalysis | RecognitionError) -> tuple[Face | None, str]:
    if isinstance(analysis, RecognitionError):
        return None, analysis.message
    if not analysis.faces:
        return None, "no face found"
    face = analysis.faces[0]
    issues = quality_issues(face.quality, PROBE_FLOORS)
    return (None, describe_issue(issues[0], face.quality, PROBE_FLOORS)) if issues else (face, "")
