"""Whoever a camera at the meeting point sees is safe. Public surface: ``follow_musters``.

Visits are found by their cameras and by when they changed, from the beginning of the roll-call on;
a visit and an entry make one change, so to look again does no harm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import require
from portal.muster.models import MusterChange, MusterEntry, MusterEvent
from portal.muster.services.writing import NewChange, locked, write_changes
from portal.people.models import Person
from portal.sightings.models import Visit, VisitLeg

__all__ = ["follow_musters"]

_STATE: Final = MusterEntry.State
# A name that is only likely saves nobody.
_IS_SURE: Final = Q(visit__is_confirmed=True) | Q(
    visit__settled_as__in=(Visit.Settled.CONFIRMED, Visit.Settled.ASSIGNED)
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A visit at a meeting point; ``person_id`` is None unless the name is sure."""

    visit: str
    person_id: UUID | None
    camera_id: UUID
    camera_name: str
    at: datetime


def follow_musters() -> int:
    """For every roll-call that runs; returns how many changes that made. For workers."""
    require("muster.run")
    running = MusterEvent.objects.filter(ended_at=None, safe_cameras__isnull=False)
    return sum(_follow(event) for event in running.distinct().order_by("id"))


def _follow(event: MusterEvent) -> int:
    seen = _seen_at(event)
    # Without the lock first: most turns find nothing new.
    if not seen or not (_strangers_to(event, seen) or any(_news(event, seen))):
        return 0
    with transaction.atomic():
        event = locked(event.pk)
        if event.ended_at is not None:
            return 0
        MusterEntry.objects.bulk_create(
            MusterEntry(
                event=event, person=person, department_id=person.department_id, was_added=True
            )
            for person in _strangers_to(event, seen)
        )
        count = write_changes(event, list(_news(event, seen)))
        record("muster.followed", target=event, after={"changes": count})
        return count


def _seen_at(event: MusterEvent) -> list[_Seen]:
    legs = VisitLeg.objects.filter(
        camera__in=event.safe_cameras.all(),
        last_at__gte=event.created_at,
        visit__changed_at__gte=event.created_at,
    ).annotate(is_sure=ExpressionWrapper(_IS_SURE, output_field=BooleanField()))
    rows = legs.order_by("first_at").values_list(
        "visit", "visit__person", "camera", "camera__name", "first_at", "is_sure"
    )
    return [
        _Seen(visit.hex, person if is_sure else None, camera, name, max(at, event.created_at))
        for visit, person, camera, name, at, is_sure in rows
    ]


def _strangers_to(event: MusterEvent, seen: Sequence[_Seen]) -> list[Person]:
    """Known people at the meeting point whom no camera saw coming in."""
    found = {each.person_id for each in seen if each.person_id}
    listed = event.entries.filter(person__in=found).values_list("person", flat=True)
    return list(Person.objects.filter(pk__in=found - set(listed), status__in=Person.LIVING))


def _news(event: MusterEvent, seen: Sequence[_Seen]) -> Iterator[NewChange]:
    """What is not said yet. A key is ``seen:`` or ``taken:``, the visit and the entry."""
    entries = {entry.person_id: entry for entry in event.entries.all()}
    by_pk = {entry.pk: entry for entry in entries.values()}
    said: set[str] = set()
    saved_by: dict[str, list[UUID]] = defaultdict(list)
    ours = Q(key__startswith="seen:") | Q(key__startswith="taken:")
    changes = MusterChange.objects.filter(ours, entry__event=event)
    for key, entry_id in changes.values_list("key", "entry"):
        said.add(key)
        kind, visit, _ = key.split(":")
        if kind == "seen":
            saved_by[visit].append(entry_id)
    for each in seen:
        entry = entries.get(each.person_id) if each.person_id else None
        if entry is not None and _key("seen", each, entry) not in said:
            yield NewChange(
                entry=entry,
                state=_STATE.SAFE,
                at=each.at,
                label=each.camera_name,
                camera_id=each.camera_id,
                key=_key("seen", each, entry),
                note="Seen at the meeting point",
            )
        for other in (by_pk[pk] for pk in saved_by[each.visit]):
            is_over = _key("taken", each, other) in said
            if other is not entry and not is_over and _rests_on(other, _key("seen", each, other)):
                # Whoever the same visit was taken for before is not safe by it.
                yield NewChange(
                    entry=other,
                    state=_STATE.EXCUSED if other.was_added else _STATE.MISSING,
                    at=timezone.now(),
                    label=each.camera_name,
                    key=_key("taken", each, other),
                    note="The face turned out to be somebody else's",
                )


def _key(kind: str, seen: _Seen, entry: MusterEntry) -> str:
    return f"{kind}:{seen.visit}:{entry.pk.hex}"


def _rests_on(entry: MusterEntry, key: str) -> bool:
    """Whether what made them safe is this change, and nothing that was said later."""
    last = entry.changes.order_by("-at", "-id").first()
    return entry.state == _STATE.SAFE and last is not None and last.key == key
