"""What the night found, written down: findings open, follow their scores, and close by themselves.

Public surface: ``Watched``, ``record_watch``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from portal.audit.services import record
from portal.calibration.models import DriftFinding, DriftLook
from portal.cameras.models import Camera
from portal.core.context import require
from portal.core.events import CalibrationChanged, publish_on_commit
from portal.people.models import FaceImage, FaceTemplate, Person

__all__ = ["Watched", "record_watch"]

# Of what was lost: with half of it back the scores are well again.
_BACK: Final = 0.5
# A fall that was dismissed is told of again once it has become worse by so much.
_WORSE: Final = 0.05
# Looks older than these tell nobody anything.
_KEPT_LOOKS: Final = 30
_Ending = DriftFinding.Ending


@dataclass(frozen=True, slots=True)
class Watched:
    """One person's or camera's scores as of tonight.

    ``since`` is the first lower day, and ``before``, ``after`` and ``chance`` are given, where they
    fell; ``lately`` is the mean of the last days.
    """

    subject_id: UUID
    is_camera: bool
    faces: int
    days: int
    lately: float
    last_day: date
    since: date | None = None
    before: float = 0.0
    after: float = 0.0
    chance: float = 1.0

    @property
    def key(self) -> tuple[bool, UUID]:
        return self.is_camera, self.subject_id


@transaction.atomic
def record_watch(watched: Sequence[Watched], *, space_id: str, too_few: int) -> int:
    """Bring the findings up to ``watched``; returns how many are open. ``too_few`` people and
    cameras had too few days to be judged."""
    require("calibration.manage")
    now = timezone.now()
    zones = _zones()
    opened = list(DriftFinding.objects.select_for_update().filter(closed_at=None))
    opened_before = len(opened)
    left = {_key(row): row for row in opened if _stays(row, zones, space_id, now)}
    photos = _newest_photos(space_id, [row.person_id for row in left.values() if row.person_id])
    tonight = {one.key: one for one in watched if one.key in zones}
    for key, row in list(left.items()):
        if row.person_id in photos and photos[row.person_id] > row.created_at:
            _close(row, _Ending.ENROLLED, now)
        elif key in tonight and _is_well(row, tonight[key], zones[key]):
            _close(row, _Ending.WELL, now)
        else:
            _follow(row, tonight.get(key), now)
            continue
        del left[key]
    dismissed = _dismissed(space_id)
    new = [
        _finding(one, zones[key], space_id, now)
        for key, one in tonight.items()
        if one.since is not None and key not in left and not _is_known(one, dismissed.get(key))
    ]
    DriftFinding.objects.bulk_create(new)
    closed = opened_before - len(left)
    if new or closed:
        record("calibration.drift.watched", after={"opened": len(new), "closed": closed})
    _keep_look(watched, too_few)
    event = CalibrationChanged(type="calibration.changed", part="drift")
    publish_on_commit("calibration", event)
    return len(left) + len(new)


def _keep_look(watched: Sequence[Watched], too_few: int) -> None:
    cameras = sum(one.is_camera for one in watched)
    DriftLook.objects.create(people=len(watched) - cameras, cameras=cameras, too_few=too_few)
    former = DriftLook.objects.values_list("pk", flat=True)[_KEPT_LOOKS:]
    DriftLook.objects.filter(pk__in=list(former)).delete()


def _zones() -> dict[tuple[bool, UUID], ZoneInfo]:
    """Of everybody and everything in use."""
    people = Person.objects.filter(status=Person.Status.ACTIVE)
    cameras = Camera.objects.filter(is_enabled=True)
    rows = [
        *((False, *row) for row in people.values_list("id", "site__time_zone")),
        *((True, *row) for row in cameras.values_list("id", "site__time_zone")),
    ]
    return {(is_camera, pk): ZoneInfo(zone) for is_camera, pk, zone in rows}


def _key(row: DriftFinding) -> tuple[bool, UUID]:
    """A finding is of the one or of the other."""
    return (True, row.camera_id) if row.camera_id else (False, row.person_id)  # type: ignore[return-value]


def _stays(
    row: DriftFinding, zones: dict[tuple[bool, UUID], ZoneInfo], space_id: str, now: datetime
) -> bool:
    if _key(row) in zones and row.space_id == space_id:
        return True
    _close(row, _Ending.GONE, now)
    return False


def _close(row: DriftFinding, ending: DriftFinding.Ending, now: datetime) -> None:
    row.closed_at, row.closed_as, row.looked_at = now, ending, now
    row.save(update_fields=["closed_at", "closed_as", "looked_at"])


def _newest_photos(space_id: str, people: Sequence[UUID]) -> dict[UUID | None, datetime]:
    """When each one's newest photo that is compared in this space was added: not when a template
    was made of it, which happens again for every other model."""
    templates = FaceTemplate.objects.filter(
        person__in=people, space=space_id, image__state=FaceImage.State.ACTIVE
    ).order_by()
    rows = templates.values("person_id").annotate(newest=Max("image__created_at"))
    return dict(rows.values_list("person_id", "newest"))


def _is_well(row: DriftFinding, one: Watched, zone: ZoneInfo) -> bool:
    """Said only of days that came after the fall."""
    if one.last_day <= timezone.localdate(row.since_at, timezone=zone):
        return False
    return one.lately >= row.before + _BACK * row.change


def _follow(row: DriftFinding, one: Watched | None, now: datetime) -> None:
    """The fall stays the one that was found, even once its first days are deleted."""
    row.looked_at = now
    if one is not None:
        row.after = one.after if one.since is not None else one.lately
        row.faces, row.days = one.faces, one.days
    row.save(update_fields=["looked_at", "after", "faces", "days"])


def _finding(one: Watched, zone: ZoneInfo, space_id: str, now: datetime) -> DriftFinding:
    return DriftFinding(
        person_id=None if one.is_camera else one.subject_id,
        camera_id=one.subject_id if one.is_camera else None,
        space_id=space_id,
        before=one.before,
        after=one.after,
        since_at=datetime.combine(one.since or one.last_day, time(), tzinfo=zone),
        chance=one.chance,
        faces=one.faces,
        days=one.days,
        looked_at=now,
    )


def _dismissed(space_id: str) -> dict[tuple[bool, UUID], DriftFinding]:
    """The last answer about each."""
    rows = DriftFinding.objects.filter(
        ~Q(closed_at=None), space_id=space_id, closed_as=_Ending.DISMISSED
    ).order_by("id")
    return {_key(row): row for row in rows}


def _is_known(one: Watched, dismissed: DriftFinding | None) -> bool:
    """The same fall, and hardly worse."""
    if dismissed is None or dismissed.closed_at is None or one.since is None:
        return False
    return one.since <= dismissed.closed_at.date() and one.after > dismissed.after - _WORSE
