"""What is kept of where people belonged. Public surface: ``forget_move``,
``note_move``, ``place_of``.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from portal.organisation.models import Site
from portal.people.changes import What, tell
from portal.people.models import FormerPlace, Person
from portal.people.stays import Place

__all__ = ["forget_move", "note_move", "place_of"]

_DAY: Final = timedelta(days=1)


def place_of(person: Person) -> Place:
    return Place(person.site_id, person.department_id)


def note_move(person: Person, *, left: Place) -> None:
    """``person`` is saved and no longer at ``left``: the days until yesterday stay there, and
    whoever keeps days is told. Does nothing where the place is the same."""
    now = place_of(person)
    if now == left:
        return
    # Of several moves on one day the first left the place where they had been until yesterday.
    former, _ = FormerPlace.objects.get_or_create(
        person=person,
        last_day=_date_at(left.site_id, timezone.now()) - _DAY,
        defaults={"site_id": left.site_id, "department_id": left.department_id},
    )
    if Place(former.site_id, former.department_id) == now:
        former.delete()
    tell(person.pk, what=What.PLACE)


def forget_move(person: Person, *, moved_at: datetime) -> None:
    """``person`` is saved and back where they were before ``moved_at``: as if they had never been
    moved, since then."""
    now = place_of(person)
    moved_on = _date_at(now.site_id, moved_at)
    FormerPlace.objects.filter(
        person=person,
        last_day__gte=moved_on - _DAY,
        site=now.site_id,
        department=now.department_id,
    ).delete()
    tell(person.pk, what=What.PLACE, first=moved_on)


def _date_at(site_id: UUID, instant: datetime) -> date:
    zone = Site.objects.values_list("time_zone", flat=True).get(pk=site_id)
    return instant.astimezone(ZoneInfo(zone)).date()
