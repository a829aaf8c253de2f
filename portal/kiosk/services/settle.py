"""What became of the pictures that a tablet sent: a punch, or “please type your PIN”.

Public surface: ``settle``, ``settle_waiting``, ``withdraw``, ``forget_old_events``. The name is the
visit's, which several pictures have to agree on; of several faces in a picture the nearest counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from portal.attendance.models import Punch
from portal.attendance.services.collect import collect_of
from portal.attendance.services.enter import NewPunch, enter_punches
from portal.kiosk.models import KioskEvent
from portal.kiosk.services.deliver import picture_key
from portal.people.models import Person
from portal.sightings.models import RecognisedFace, Recognition, Visit

__all__ = ["forget_old_events", "settle", "settle_waiting", "withdraw"]

_Outcome = KioskEvent.Outcome
# Whoever stood before the tablet has long taken another way. What was kept had nobody standing
# there even when it came: that waits for as long as the workers take.
_PATIENCE: Final = timedelta(hours=6)
# As long as logs of jobs: long enough for whoever asks why a time is missing.
_EVENT_LIFE: Final = timedelta(days=90)
_AT_ONCE: Final = 200


@transaction.atomic
def settle(event: KioskEvent) -> KioskEvent:
    """Look whether its pictures were looked at; nothing happens to one that is settled already."""
    row = (
        KioskEvent.objects.select_for_update(of=("self",))
        .select_related("kiosk__camera")
        .get(pk=event.pk)
    )
    if row.outcome != _Outcome.WAITING:
        return row
    pictures = _pictures(row)
    if any(not picture.is_finished for picture in pictures):
        if row.was_offline or timezone.now() - row.created_at < _PATIENCE:
            return row
        return _unknown(row, "not_looked_at")
    faces = [face for picture in pictures if (face := _nearest(picture)) is not None]
    if not faces:
        return _unknown(row, "no_face")
    visit = _visit_of(faces)
    if visit is not None:
        return _punched(row, visit, faces)
    visit = _visit_to_ask_about(faces) if row.was_offline else None
    return _unknown(row, _why(faces)) if visit is None else _asked_about(row, visit, _why(faces))


def settle_waiting() -> int:
    """For the worker: those that nobody stands and waits for. Returns how many were settled."""
    waiting = KioskEvent.objects.filter(outcome=_Outcome.WAITING).order_by("id")[:_AT_ONCE]
    return sum(settle(event).outcome != _Outcome.WAITING for event in waiting)


@transaction.atomic
def withdraw(event: KioskEvent) -> KioskEvent:
    """Whoever stood there took another way: the pictures become no punch of theirs."""
    row = KioskEvent.objects.select_for_update(of=("self",)).get(pk=event.pk)
    return _unknown(row, "withdrawn") if row.outcome == _Outcome.WAITING else row


def forget_old_events() -> int:
    """Returns how many went. The punches that they led to stay."""
    old = KioskEvent.objects.filter(created_at__lt=timezone.now() - _EVENT_LIFE)
    return old.delete()[0]


def _pictures(event: KioskEvent) -> list[Recognition]:
    camera = event.kiosk.camera_id.hex
    keys = [f"{camera}:{picture_key(event.sequence, n)}" for n in range(event.pictures)]
    rows = Recognition.objects.filter(idempotency_key__in=keys).order_by("captured_at", "id")
    return list(rows.prefetch_related("faces__visit"))


def _nearest(picture: Recognition) -> RecognisedFace | None:
    """The largest face; smaller ones are of people behind."""
    return max(picture.faces.all(), key=lambda face: face.box[2] * face.box[3], default=None)


def _visit_of(faces: Sequence[RecognisedFace]) -> Visit | None:
    """The one visit that all of them belong to, where its name is certain and one of these very
    pictures says the same."""
    visit = _only_visit(faces)
    if visit is None or visit.person_id is None or not visit.is_confirmed:
        return None
    match = RecognisedFace.Decision.MATCH
    agrees = visit.decision == match and any(
        face.decision == match and face.person_id == visit.person_id for face in faces
    )
    is_here = Person.objects.filter(pk=visit.person_id, status=Person.Status.ACTIVE).exists()
    return visit if agrees and is_here else None


def _only_visit(faces: Sequence[RecognisedFace]) -> Visit | None:
    # A face that is too poor to be compared belongs to nobody's passage, and speaks for nobody.
    visits = {face.visit for face in faces if face.visit is not None}
    return visits.pop() if len(visits) == 1 else None


def _visit_to_ask_about(faces: Sequence[RecognisedFace]) -> Visit | None:
    """The one visit that all of them belong to, where people have its name to tell or have told it.
    One with a certain name has it of other pictures: somebody else may stand in these."""
    if any(face.decision == RecognisedFace.Decision.SPOOF for face in faces):
        return None
    visit = _only_visit(faces)
    is_open = visit is not None and (bool(visit.settled_as) or not visit.is_confirmed)
    return visit if is_open else None


def _asked_about(row: KioskEvent, visit: Visit, why: str) -> KioskEvent:
    """Collecting makes its punch, which counts once somebody has told the name in Review."""
    row.outcome, row.visit = _Outcome.UNKNOWN, visit
    row.reason = "in_review" if why == "uncertain" else why
    row.save(update_fields=["outcome", "reason", "visit"])
    # It may be settled already, and then does not change any more.
    collect_of([visit.pk])
    return row


def _why(faces: Sequence[RecognisedFace]) -> str:
    decisions = {face.decision for face in faces}
    if decisions == {RecognisedFace.Decision.POOR}:
        return "poor"
    if RecognisedFace.Decision.SPOOF in decisions:
        return "spoof"
    is_likely = decisions & {RecognisedFace.Decision.MATCH, RecognisedFace.Decision.UNCERTAIN}
    return "uncertain" if is_likely else "unknown"


def _unknown(row: KioskEvent, reason: str) -> KioskEvent:
    row.outcome, row.reason = _Outcome.UNKNOWN, reason
    row.save(update_fields=["outcome", "reason"])
    return row


def _punched(row: KioskEvent, visit: Visit, faces: Sequence[RecognisedFace]) -> KioskEvent:
    best = max(faces, key=lambda face: (face.person_id == visit.person_id, face.score or 0.0))
    assert visit.person_id is not None  # noqa: S101 - for mypy: ``_visit_of`` has asked
    entered = enter_punches(
        [
            NewPunch(
                person_id=visit.person_id,
                at=row.at,
                source=Punch.Source.KIOSK,
                idempotency_key=row.punch_key,
                direction=row.direction,
                camera_id=row.kiosk.camera_id,
                place=row.kiosk.camera.name,
                visit_id=visit.pk,
                face_id=best.pk,
                score=visit.score,
            )
        ],
        cause="kiosk",
    )
    row.punch, row.outcome, row.reason = entered[0].punch, _Outcome.PUNCHED, ""
    row.save(update_fields=["punch", "outcome", "reason"])
    return row
