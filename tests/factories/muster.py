"""Roll-calls, and people who are on site."""

from __future__ import annotations

from datetime import timedelta

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from portal.attendance.models import AttendanceDay
from portal.cameras.models import Camera
from portal.muster.models import MusterEntry, MusterEvent
from portal.organisation.services import default_site
from portal.people.models import Person
from tests.factories.attendance import DayFactory, PunchFactory
from tests.factories.people import PersonFactory

__all__ = ["MusterEntryFactory", "MusterFactory", "muster_with", "on_site"]


class MusterFactory(DjangoModelFactory):
    """A running one, for real."""

    class Meta:
        model = MusterEvent

    site = factory.LazyFunction(default_site)


class MusterEntryFactory(DjangoModelFactory):
    class Meta:
        model = MusterEntry

    event = factory.SubFactory(MusterFactory)
    person = factory.SubFactory(PersonFactory)
    department = factory.SelfAttribute("person.department")


def on_site(
    person: Person | None = None, *, camera: Camera | None = None, **fields: object
) -> AttendanceDay:
    """Somebody who came two hours ago, by ``camera`` if there is one, and has not left."""
    person = person or PersonFactory()
    came = timezone.now() - timedelta(hours=2)
    PunchFactory(person=person, camera=camera, at=came, direction="in")
    row: dict[str, object] = {
        "status": "in_progress",
        "first_in": came,
        "last_out": None,
        "start": came,
        "end": came + timedelta(hours=8),
        "window_end": came + timedelta(hours=12),
        "work_date": came.date(),
        **fields,
    }
    return DayFactory(person=person, **row)


def muster_with(person: Person) -> MusterEvent:
    """A roll-call at the site of this person, who is on it; over, where another one runs there."""
    is_taken = MusterEvent.objects.filter(site=person.site, ended_at=None).exists()
    event = MusterFactory(site=person.site, ended_at=timezone.now() if is_taken else None)
    MusterEntryFactory(event=event, person=person)
    return event
