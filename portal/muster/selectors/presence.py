"""Who is on site now, and where: what a roll-call begins with.

Public surface: ``Present``, ``Place``, ``present_at``, ``present_within``, ``places_of``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from portal.attendance.engine import Status
from portal.attendance.models import AttendanceDay
from portal.attendance.selectors.presence import dates_by_site, last_seen, on_site
from portal.core.context import require
from portal.people.models import Person

__all__ = ["NOWHERE", "Place", "Present", "places_of", "present_at", "present_within"]

# They are here by an entry that no camera made.
NOWHERE: Final = "Not seen by a camera"


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who is here. ``site_id`` is where they were seen last, else their own;
    ``is_unsure`` where they may have gone without having been seen to."""

    person: Person
    site_id: UUID
    place: str
    seen_at: datetime | None
    since: datetime | None
    is_unsure: bool


@dataclass(frozen=True, slots=True)
class Place:
    name: str
    count: int


def present_within(now: datetime) -> list[Present]:
    """Everybody on the sites, and of the departments, that the actor's rights reach; by name."""
    scope = require("muster.view").scope
    found = _present(now)
    if scope.site_ids is not None:
        found = [each for each in found if each.site_id in scope.site_ids]
    if scope.department_ids is not None:
        found = [each for each in found if each.person.department_id in scope.department_ids]
    if scope.person_id is not None:
        found = [each for each in found if each.person.pk == scope.person_id]
    return found


def present_at(site_id: UUID, now: datetime) -> list[Present]:
    """Everybody on one site, whoever asks: the list of a roll-call is whole."""
    require("muster.run")
    return [each for each in _present(now) if each.site_id == site_id]


def places_of(people: Iterable[Present]) -> tuple[Place, ...]:
    """How many were seen last where, the fullest place first."""
    counted = Counter(each.place or NOWHERE for each in people)
    return tuple(
        Place(name, count)
        for name, count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    )


def _present(now: datetime) -> list[Present]:
    days = on_site(AttendanceDay.objects.all(), now=now, dates=dates_by_site(now))
    rows = days.order_by("person__name", "person__code", "work_date", "occurrence_no")
    seen = last_seen(days.order_by().values("person"), now=now)
    return _once_each(
        [
            _present_of(day, place.site_id if place else None, place.place if place else "",
                        place.at if place else None)
            for day in rows.select_related("person__site", "person__department")
            for place in (seen.get(day.person_id),)
        ]
    )  # fmt: skip


def _present_of(
    day: AttendanceDay, site_id: UUID | None, place: str, seen_at: datetime | None
) -> Present:
    return Present(
        person=day.person,
        site_id=site_id or day.person.site_id,
        place=place,
        seen_at=seen_at,
        since=day.first_in,
        is_unsure=day.status != Status.IN_PROGRESS,
    )


def _once_each(found: Sequence[Present]) -> list[Present]:
    """Whoever works two shifts has two rows; being here for certain goes before perhaps."""
    kept: dict[UUID, Present] = {}
    for each in found:
        known = kept.get(each.person.pk)
        if known is None or (known.is_unsure and not each.is_unsure):
            kept[each.person.pk] = each
    return list(kept.values())
