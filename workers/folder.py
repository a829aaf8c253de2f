"""Enrolling a folder-per-person tree: ``DIR/<name>/<photo>``, as all FaceNet projects lay it out.

The folder's name is the person's code; shown as a name, its underscores become spaces. Safe to
repeat: who is there already only gets the photos that are new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from django.db import transaction

from portal.core.errors import DomainError
from portal.core.vault import vault
from portal.enrolment.services import ExaminedFace
from portal.people.models import FaceImage, Person
from portal.people.services import (
    NewFace,
    PersonDetails,
    add_face,
    create_person,
    person_key,
    record_consent,
)
from recognition.contracts import ImageAnalysis
from recognition.errors import RecognitionError
from workers.engine_host import EngineHost
from workers.examine import examined

__all__ = ["FolderReport", "PhotoOutcome", "enrol_folder", "folders_of"]

BATCH = 16
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif", ".bmp", ".tif", ".tiff"}
)


@dataclass(frozen=True, slots=True)
class PhotoOutcome:
    """What became of one file. ``reason`` says why it was not used, or is a remark."""

    path: Path
    is_used: bool
    reason: str = ""


@dataclass(slots=True)
class FolderReport:
    people_new: int = 0
    people_known: int = 0
    photos_used: int = 0
    photos_skipped: int = 0
    people_without_photo: list[str] = field(default_factory=list)


def folders_of(root: Path) -> list[tuple[str, list[Path]]]:
    """Per person the photos, both sorted by name; hidden and ``_``-folders are left out.

    Raises ``DomainError`` where the tree has not that layout.
    """
    if not root.is_dir():
        raise DomainError(f"{root} is not a folder.", code="folder.missing")
    found = [
        (
            folder.name,
            sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file()),
        )
        for folder in sorted(root.iterdir())
        if folder.is_dir() and not folder.name.startswith((".", "_"))
    ]
    if not any(photos for _, photos in found):
        raise DomainError(
            f"{root} holds no photos of people. Expected one folder a person with photos in it: "
            f"{root.name}/Ada_Lovelace/1.jpg",
            code="folder.layout",
        )
    return found


def enrol_folder(
    host: EngineHost,
    folders: Sequence[tuple[str, Sequence[Path]]],
    *,
    basis: str,
    on_person: Callable[[str, Sequence[PhotoOutcome]], bool],
) -> FolderReport:
    """Enrol every folder; each person is one transaction, so a kill leaves whole people behind.

    ``on_person`` hears what became of each photo and says whether to go on.
    """
    report = FolderReport()
    for code, paths in folders:
        person = Person.objects.filter(code=code).first()
        outcomes = list(_enrol_person(host, code, person, paths, basis=basis))
        used = sum(outcome.is_used for outcome in outcomes)
        report.photos_used += used
        report.photos_skipped += len(outcomes) - used
        if person is not None:
            report.people_known += 1
        elif used:
            report.people_new += 1
        else:
            report.people_without_photo.append(code)
        if not on_person(code, outcomes):
            break
    return report


def _enrol_person(
    host: EngineHost, code: str, person: Person | None, paths: Sequence[Path], *, basis: str
) -> Iterator[PhotoOutcome]:
    if person is not None and person.status == Person.Status.ERASED:
        for path in paths:
            yield PhotoOutcome(path, is_used=False, reason="this person was erased")
        return
    try:
        details = PersonDetails(name=code.replace("_", " "), code=code)
    except DomainError as error:
        for path in paths:
            yield PhotoOutcome(path, is_used=False, reason=error.message)
        return
    known = set(person.images.values_list("photo_sha256", flat=True)) if person else set()
    fresh, refused = _read_new(paths, known)
    yield from refused
    # Of somebody new the key is made first; with nobody to hold it, it is destroyed again.
    data_key = person_key(person) if person else vault().keys.create()
    usable: list[tuple[Path, str, ExaminedFace]] = []
    host.gallery.refresh()
    for start in range(0, len(fresh), BATCH):
        batch = fresh[start : start + BATCH]
        analyses = host.engine.analyse([data for _, data, _ in batch])
        for (path, _, sha256), analysis in zip(batch, analyses, strict=True):
            face, reason = _main_face(host, analysis, person, data_key=data_key)
            if face is None:
                yield PhotoOutcome(path, is_used=False, reason=reason)
            else:
                usable.append((path, sha256, face))
                yield PhotoOutcome(path, is_used=True, reason=reason)
    if usable:
        _store(host, details, person, usable, basis=basis, data_key=data_key)
    elif person is None:
        vault().keys.destroy(data_key)


def _read_new(
    paths: Sequence[Path], known: set[str]
) -> tuple[list[tuple[Path, bytes, str]], list[PhotoOutcome]]:
    """Path, bytes and SHA-256 of each photo that is not known, and what became of the others."""
    fresh: list[tuple[Path, bytes, str]] = []
    refused: list[PhotoOutcome] = []
    seen = set(known)
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError as error:
            reason = f"cannot be read: {error.strerror}"
            refused.append(PhotoOutcome(path, is_used=False, reason=reason))
            continue
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 in seen:
            refused.append(PhotoOutcome(path, is_used=False, reason="is enrolled already"))
        else:
            seen.add(sha256)
            fresh.append((path, data, sha256))
    return fresh, refused


def _main_face(
    host: EngineHost,
    analysis: ImageAnalysis | RecognitionError,
    person: Person | None,
    *,
    data_key: UUID,
) -> tuple[ExaminedFace | None, str]:
    """The large, central face, as the FaceNet aligners choose it, or why there is none."""
    if isinstance(analysis, RecognitionError):
        return None, analysis.message
    if not analysis.faces:
        return None, "no face found"
    main = analysis.faces[0]
    candidates = host.gallery.nearest([main.embedding])[0]
    face = examined(host, main, candidates, data_key=data_key)
    others = len(analysis.faces) - 1
    if face.is_match and face.nearest_id and face.nearest_id != (person and str(person.pk)):
        name = Person.objects.values_list("name", flat=True).get(pk=face.nearest_id)
        reason = f"this face is {name} already (similarity {face.nearest_score:.2f})"
    elif face.issues:
        reason = " ".join(issue["text"] for issue in face.issues)
    else:
        return face, f"the main one of {others + 1} faces was taken" if others else ""
    vault().delete_all([face.portrait_key, face.aligned_key])
    return None, reason


@transaction.atomic
def _store(
    host: EngineHost,
    details: PersonDetails,
    person: Person | None,
    usable: Sequence[tuple[Path, str, ExaminedFace]],
    *,
    basis: str,
    data_key: UUID,
) -> None:
    if person is None:
        person = create_person(details)
        person.data_key_id = data_key
        person.save(update_fields=["data_key"])
    record_consent(person, basis=basis)
    for path, sha256, face in usable:
        add_face(
            person,
            NewFace(
                vector=face.vector,
                space=host.space,
                portrait_key=face.portrait_key,
                aligned_key=face.aligned_key,
                source=FaceImage.Source.FOLDER,
                photo_sha256=sha256,
                file_name=path.name,
                quality=face.quality,
            ),
        )
