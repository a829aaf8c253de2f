"""What is odd about punches themselves: told late, a name that was close, two places at once.

Public surface: ``Oddities``, ``oddities_of``, ``LATE``, ``CLOSE``, ``APART``,
``SETTLED``. Three queries at most for any number of people; it asks for no right.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from portal.attendance.engine import MARGIN
from portal.attendance.models import DayException, Punch
from portal.attendance.words import minutes_in_words, wall_time
from portal.cameras.models import Camera
from portal.sightings.models import Visit

__all__ = ["APART", "CLOSE", "LATE", "SETTLED", "Late", "Oddities", "oddities_of"]

# A passage that was told of later than this after it happened.
LATE: Final = timedelta(minutes=15)
# A name is given from a lead of 0.05 over the second; below this one it was a near thing.
CLOSE: Final = 0.08
# Nobody gets from one site to another in less.
APART: Final = timedelta(minutes=5)

# When somebody was seen, and when that was told, by the key of the punch.
Late = dict[str, tuple[datetime, datetime]]
Kind = DayException.Kind
# A human has said whose passage it is: however close the name was, it is right.
SETTLED: Final = (Visit.Settled.CONFIRMED, Visit.Settled.ASSIGNED)


@dataclass(slots=True)
class Oddities:
    """Of one person, by the key of the punch."""

    late: Late = field(default_factory=dict)
    close: dict[str, tuple[datetime, float]] = field(default_factory=dict)
    apart: dict[str, tuple[str, datetime, str, datetime]] = field(default_factory=dict)

    def of(self, keys: Iterable[str], *, zone: str, on: date) -> dict[str, str]:
        """In words, for a day that is made of these punches."""
        said: dict[str, str] = {}
        for key in keys:
            if Kind.LATE_DELIVERY not in said and key in self.late:
                at, told = self.late[key]
                after = int((told - at).total_seconds() // 60)
                said[Kind.LATE_DELIVERY] = (
                    f"Seen at {wall_time(at, zone, on=on)}, told of {minutes_in_words(after)} later"
                )
            if Kind.LOW_MARGIN not in said and key in self.close:
                at, lead = self.close[key]
                said[Kind.LOW_MARGIN] = (
                    f"Seen at {wall_time(at, zone, on=on)}; somebody else was only {lead:.2f} behind"
                )
            if Kind.TWO_PLACES not in said and key in self.apart:
                first, at, second, then = self.apart[key]
                said[Kind.TWO_PLACES] = (
                    f"{first} at {wall_time(at, zone, on=on)}, "
                    f"{second} at {wall_time(then, zone, on=on)}"
                )
        return said


def oddities_of(
    person_ids: Collection[UUID], *, first: date, last: date, late: Mapping[UUID, Late]
) -> dict[UUID, Oddities]:
    """Who has none is left out. ``late`` is what whoever read the punches found out already."""
    found = {pk: Oddities(late=dict(late[pk])) for pk in person_ids if pk in late}
    punches = Punch.objects.filter(
        person__in=person_ids,
        at__gte=datetime.combine(first - MARGIN, time(), UTC),
        at__lt=datetime.combine(last + MARGIN, time(), UTC),
        voided_at=None,
        state=Punch.State.COUNTED,
    )
    live = punches.exclude(source__in=[Punch.Source.MANUAL, Punch.Source.IMPORT]).order_by()
    close = live.filter(visit__margin__lt=CLOSE).exclude(visit__settled_as__in=SETTLED)
    for person_id, pk, at, margin in close.values_list("person_id", "pk", "at", "visit__margin"):
        if margin is not None:
            found.setdefault(person_id, Oddities()).close[str(pk)] = (at, margin)
    _find_apart(live.exclude(camera=None), found)
    return found


def _find_apart(punches: QuerySet[Punch], found: dict[UUID, Oddities]) -> None:
    names = dict(Camera.objects.filter(is_for_attendance=True).values_list("site", "site__name"))
    if len(names) < 2:
        return  # there is no second place to be at
    of_person: dict[UUID, list[tuple[datetime, datetime, UUID, UUID]]] = {}
    rows = punches.values_list("person_id", "pk", "at", "last_at", "camera__site")
    for person_id, pk, at, until, site_id in rows:
        of_person.setdefault(person_id, []).append((at, until, pk, site_id))
    for person_id, seen in of_person.items():
        if len({site_id for *_, site_id in seen}) < 2:
            continue
        for (at, until, _, here), (then, _, pk, there) in pairwise(sorted(seen)):
            if here != there and then - until < APART:
                odd = found.setdefault(person_id, Oddities())
                odd.apart[str(pk)] = (names.get(here, ""), at, names.get(there, ""), then)
