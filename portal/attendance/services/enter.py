"""Punches, from wherever they come, into the database: each once.

Public surface: ``NewPunch``, ``Entered``, ``enter_punches``, ``FUTURE``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal.attendance.models import Punch
from portal.attendance.services.stale import mark_around
from portal.core.ids import uuid7

__all__ = ["FUTURE", "Entered", "NewPunch", "enter_punches"]

# What is said to happen later than this was told by a clock that is wrong.
FUTURE: Final = timedelta(minutes=5)
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPunch:
    """One passage. ``idempotency_key`` is the same whenever the same passage is delivered again.

    ``received_at`` None is now. What lies more than ``FUTURE`` ahead is quarantined, whatever
    ``state`` says.
    """

    person_id: UUID
    at: datetime
    source: str
    idempotency_key: str
    direction: str = Punch.Direction.UNKNOWN
    last_at: datetime | None = None
    state: str = Punch.State.COUNTED
    camera_id: UUID | None = None
    place: str = ""
    visit_id: UUID | None = None
    face_id: int | None = None
    score: float | None = None
    punch_import_id: UUID | None = None
    received_at: datetime | None = None
    entered_by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """``is_new`` is False for a passage that was in the database already."""

    punch: Punch
    is_new: bool


@transaction.atomic
def enter_punches(punches: Sequence[NewPunch], *, cause: str = "punch") -> list[Entered]:
    """Store them and mark the days stale; answers in the order given. Asks for no right.

    Of two with one key the first counts, whether it is in the database or in the same call.
    """
    now = timezone.now()
    entered: list[Entered] = []
    for start in range(0, len(punches), _AT_ONCE):
        entered += _enter(punches[start : start + _AT_ONCE], now)
    mark_around(
        [
            (each.punch.person_id, each.punch.at)
            for each in entered
            if each.is_new and each.punch.state != Punch.State.QUARANTINED
        ],
        cause=cause,
    )
    return entered


def _enter(punches: Sequence[NewPunch], now: datetime) -> list[Entered]:
    rows: dict[str, Punch] = {}
    for each in punches:
        rows.setdefault(each.idempotency_key, _row(each, now))
    # Another worker may store the same at this very moment: the key decides whose row it is.
    Punch.objects.bulk_create(
        sorted(rows.values(), key=lambda row: row.idempotency_key), ignore_conflicts=True
    )
    stored = {
        row.idempotency_key: row for row in Punch.objects.filter(idempotency_key__in=list(rows))
    }
    entered, told = [], set[str]()
    for each in punches:
        key = each.idempotency_key
        is_new = key not in told and stored[key].pk == rows[key].pk
        told.add(key)
        entered.append(Entered(stored[key], is_new))
    return entered


def _row(new: NewPunch, now: datetime) -> Punch:
    is_future = new.at > now + FUTURE
    return Punch(
        id=uuid7(),
        person_id=new.person_id,
        at=new.at,
        last_at=max(new.at, new.last_at or new.at),
        direction=new.direction,
        source=new.source,
        state=Punch.State.QUARANTINED if is_future else new.state,
        camera_id=new.camera_id,
        place=new.place[:120],
        visit_id=new.visit_id,
        face_id=new.face_id,
        score=new.score,
        punch_import_id=new.punch_import_id,
        idempotency_key=new.idempotency_key,
        received_at=new.received_at or now,
        entered_by=new.entered_by[:254],
        note=new.note[:300],
    )
