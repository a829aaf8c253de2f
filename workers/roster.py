"""Rosters in the workers: the dry run, and the applying with its photos in batches.

Public surface: ``check_waiting``, ``apply_waiting``, ``apply_all`` (for the command) and
``open_photos``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Final
from uuid import UUID

from portal.core.archive import EntryRefused
from portal.core.errors import DomainError
from portal.core.vault import vault
from portal.enrolment.likeness import Portrayed, Sorting, angle_of, crop_print, sort_out
from portal.jobs.selectors import cancelled_jobs
from portal.people.models import FaceImage, FaceTemplate, LookalikePair, Person
from portal.people.vectors import open_vector
from portal.roster.access import acting_as_importer
from portal.roster.models import RosterImport, RosterPart, RosterPhoto, RosterRow
from portal.roster.photos import PhotoSource, ZipPhotos
from portal.roster.services import (
    Crop,
    ExaminedPhoto,
    apply_row,
    claim_busy,
    close_roster,
    pending_rows,
    run_check,
)
from portal.roster.services.lease import MAX_ATTEMPTS, release, renew
from portal.roster.services.lifecycle import refuse_roster
from portal.roster.storage import open_stored
from recognition.contracts import Face, ImageAnalysis
from recognition.decision import ENROLMENT_FLOORS, describe_issue, quality_issues
from recognition.errors import RecognitionError
from recognition.images import encode_jpeg
from workers.engine_host import EngineHost

__all__ = ["apply_all", "apply_waiting", "check_waiting", "open_photos"]


BATCH: Final = 16
# A second face this large beside the first is no passer-by in the background.
_RIVAL_SIZE: Final = 0.5

_Found = ImageAnalysis | RecognitionError | EntryRefused


def check_waiting() -> None:
    """Make the dry run of everything that waits for it."""
    while (roster := claim_busy(RosterImport.State.CHECKING, _owner())) is not None:
        try:
            if roster.attempts > MAX_ATTEMPTS:
                raise _given_up()
            with acting_as_importer(roster), open_photos(roster) as source:
                run_check(roster, source, renew=lambda: renew(roster))
        except DomainError as error:
            refuse_roster(roster, error.message)


def apply_waiting(host: EngineHost, *, budget_s: float) -> bool:
    """Apply until nothing waits or the time is up; True where there is more to do."""
    deadline = time.monotonic() + budget_s
    while time.monotonic() < deadline:
        roster = claim_busy(RosterImport.State.APPLYING, _owner())
        if roster is None:
            return False
        try:
            if roster.attempts > MAX_ATTEMPTS:
                raise _given_up()
            with acting_as_importer(roster), open_photos(roster) as source:
                while _apply_batch(host, roster, source):
                    if time.monotonic() >= deadline:
                        release(roster)
                        return True
        except DomainError as error:
            close_roster(roster, state=RosterImport.State.STOPPED, message=error.message)
    return True


def apply_all(
    host: EngineHost | None,
    roster: RosterImport,
    source: PhotoSource | None,
    *,
    on_rows: Callable[[int], None],
) -> None:
    """For a command, which has no worker's turns to keep; ``on_rows`` hears how many were done."""
    while done := _apply_batch(host, roster, source):
        on_rows(done)


@contextmanager
def open_photos(roster: RosterImport) -> Iterator[PhotoSource | None]:
    """The uploaded photos; None where none were uploaded."""
    kind = RosterPart.Kind.PHOTOS
    if not roster.parts.filter(kind=kind).exists():
        yield None
        return
    source = ZipPhotos(open_stored(roster, kind))
    try:
        yield source
    finally:
        source.close()


def _apply_batch(host: EngineHost | None, roster: RosterImport, source: PhotoSource | None) -> int:
    """The next lines, as many as fill a pass through the networks; 0 where none is left."""
    if roster.job_id is not None and cancelled_jobs([roster.job_id]):
        close_roster(roster, state=RosterImport.State.STOPPED, message="It was stopped.")
        return 0
    rows = pending_rows(roster, photos=BATCH)
    if not rows:
        close_roster(roster, state=RosterImport.State.APPLIED)
        return 0
    renew(roster)
    waiting = [
        photo
        for row in rows
        for photo in row.photos.all()
        if photo.verdict == RosterPhoto.Verdict.WAITING
    ]
    found = _analyse(host, source, waiting)
    for row in rows:
        examined = _examine(host, row, found) if host is not None else []
        apply_row(row.pk, examined, space=host.space if host else None)
    renew(roster, has_progress=True)
    return len(rows)


def _analyse(
    host: EngineHost | None, source: PhotoSource | None, photos: Sequence[RosterPhoto]
) -> dict[int, _Found]:
    """By photo what the engine says of it, or why it cannot be read any more."""
    found: dict[int, _Found] = {}
    for start in range(0, len(photos), BATCH):
        readable: list[tuple[int, bytes]] = []
        for photo in photos[start : start + BATCH]:
            try:
                if source is None or host is None:
                    raise EntryRefused("The uploaded photos are gone.")
                readable.append((photo.pk, source.read(photo.name)))
            except (EntryRefused, KeyError) as error:
                found[photo.pk] = EntryRefused(str(error))
        if host is not None and readable:
            analyses = host.engine.analyse([data for _, data in readable])
            found |= dict(zip((pk for pk, _ in readable), analyses, strict=True))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """A photo whose main face may become the person's."""

    photo: RosterPhoto
    face: Face
    aligned: bytes


def _examine(host: EngineHost, row: RosterRow, found: dict[int, _Found]) -> list[ExaminedPhoto]:
    """The verdict about each photo of a line, by itself and beside the person's others."""
    # Whoever was stored a moment ago is searched too.
    host.gallery.refresh()
    verdicts: list[ExaminedPhoto] = []
    candidates: list[_Candidate] = []
    cleared = _cleared(row.person_id)
    for photo in row.photos.all():
        if photo.pk not in found:
            continue
        verdict = _alone(host, row, photo, found[photo.pk], cleared)
        if isinstance(verdict, ExaminedPhoto):
            verdicts.append(verdict)
        else:
            aligned = encode_jpeg(verdict.aligned, quality=95)
            candidates.append(_Candidate(photo, verdict, aligned))
    enrolled = _enrolled(row.person, host.space.id) if row.person else []
    sorting = sort_out([*enrolled, *(_portrayed(one) for one in candidates)])
    return verdicts + [_among(one, sorting) for one in candidates]


def _alone(
    host: EngineHost,
    row: RosterRow,
    photo: RosterPhoto,
    found: _Found,
    cleared: frozenset[str],
) -> ExaminedPhoto | Face:
    """The main face, or why it cannot be used whatever the person's other photos are."""
    if isinstance(found, EntryRefused):
        return ExaminedPhoto(photo.pk, reason=str(found), is_examined=False)
    reason = _unfit(found)
    if reason or isinstance(found, RecognitionError):
        return ExaminedPhoto(photo.pk, reason=reason)
    main = found.faces[0]
    threshold = host.duplicate_policy().threshold
    for candidate in host.gallery.nearest([main.embedding])[0]:
        if candidate.person_id == str(row.person_id) or candidate.score < threshold:
            break
        if candidate.person_id not in cleared:
            return ExaminedPhoto(
                photo.pk,
                reason=f"this face is somebody else's already (similarity {candidate.score:.2f}); "
                "say under look-alikes whether they are two people.",
                other_id=UUID(candidate.person_id),
                score=candidate.score,
            )
    return main


def _unfit(found: ImageAnalysis | RecognitionError) -> str:
    """What is wrong with the picture itself; empty where nothing is."""
    if isinstance(found, RecognitionError):
        return found.message
    if not found.faces:
        return "no face was found in it"
    main, *others = found.faces
    height = main.detection.box.height
    if any(face.detection.box.height >= _RIVAL_SIZE * height for face in others):
        return f"there are {len(found.faces)} faces in it, and it may be any of them"
    issues = quality_issues(main.quality, ENROLMENT_FLOORS)
    return " ".join(describe_issue(issue, main.quality, ENROLMENT_FLOORS) for issue in issues)


def _among(one: _Candidate, sorting: Sorting) -> ExaminedPhoto:
    photo_id = one.photo.pk
    key = str(photo_id)
    crop = Crop(
        vector=one.face.embedding,
        portrait=encode_jpeg(one.face.portrait),
        aligned=one.aligned,
        quality=asdict(one.face.quality),
        pose=angle_of(
            yaw_degrees=one.face.quality.yaw_degrees, pitch_degrees=one.face.quality.pitch_degrees
        ),
    )
    if key in sorting.repeated:
        return ExaminedPhoto(photo_id, reason="it is nearly the same as another photo")
    if key in sorting.unlike:
        unlike = sorting.unlike[key]
        tie = (
            " As many photos show the one as the other: look which is right."
            if unlike.is_tie
            else ""
        )
        reason = (
            f"it is unlike the person's other photos (similarity {unlike.similarity:.2f}).{tie}"
        )
        return ExaminedPhoto(photo_id, crop=crop, is_aside=True, reason=reason)
    return ExaminedPhoto(photo_id, crop=crop)


def _portrayed(one: _Candidate) -> Portrayed:
    return Portrayed(
        id=str(one.photo.pk),
        vector=one.face.embedding,
        quality=one.face.quality.score,
        crop=lambda: crop_print(one.aligned),
    )


def _enrolled(person: Person, space_id: str) -> list[Portrayed]:
    templates = FaceTemplate.objects.filter(
        person=person, space_id=space_id, image__state=FaceImage.State.ACTIVE
    ).select_related("image")
    return [
        Portrayed(
            id=f"image-{template.image_id}",
            vector=open_vector(template.sealed_vector),
            quality=template.image.quality_score,
            crop=lambda key=template.image.aligned_key: crop_print(vault().get(key)),  # type: ignore[misc]
            is_enrolled=True,
        )
        for template in templates
    ]


def _cleared(person_id: UUID | None) -> frozenset[str]:
    """Of whom it was said that they are somebody else, however alike."""
    if person_id is None:
        return frozenset()
    pairs = LookalikePair.objects.filter(answer=LookalikePair.Answer.DIFFERENT)
    after = pairs.filter(first=person_id).values_list("second_id", flat=True)
    before = pairs.filter(second=person_id).values_list("first_id", flat=True)
    return frozenset(str(pk) for pk in (*after, *before))


def _given_up() -> DomainError:
    return DomainError(
        f"It could not be finished: {MAX_ATTEMPTS} attempts ended without a result. Look at the "
        "worker's log, and upload the file again.",
        code="roster.attempts",
    )


def _owner() -> str:
    """This very process: what another one of the same name left behind is not its own."""
    return f"{os.uname().nodename}:{os.getpid()}"
