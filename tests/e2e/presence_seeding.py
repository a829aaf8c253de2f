"""People who came, are late or away, and who pass a camera, for the days of today.

``python -m tests.e2e.presence_seeding ACT …`` for the data directory that the environment names:

    here SITE CAMERA NAME…     a new site with a camera, and people who came past it
    assembly SITE CAMERA       a further camera there
    seen CAMERA NAME           somebody is recognised by it now
    known SITE NAME            somebody of the site who did not come
    due DEPARTMENT NAME…       people of the first site whose shift is running, not seen yet
    come NAME                  one of these comes, four minutes late
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

from tests.integration.gatehouse import Gatehouse

__all__ = ["act"]


def act(system: Gatehouse, *words: str) -> None:
    """Do this on the data of ``system``."""
    system.run_module("tests.e2e.presence_seeding", *words)


def _do(what: str, *words: str) -> None:
    from django.utils import timezone

    from portal.attendance.models import AttendanceDay
    from portal.cameras.models import Camera
    from portal.core.events import AttendanceChanged, publish
    from portal.organisation.models import Site
    from portal.organisation.services import default_site, department_at
    from portal.people.models import Person
    from portal.sightings.services.visits import announce_visits
    from tests.factories import CameraFactory, visit_with_face
    from tests.factories.attendance import DayFactory, WorkPolicyFactory, shift_with_hours
    from tests.factories.muster import on_site

    now = timezone.now()
    if what == "here":
        name, camera_name, *names = words
        site = Site.objects.create(name=name)
        camera = CameraFactory(name=camera_name, place="", site=site)
        for number, one in enumerate(names):
            hall = department_at(site, "Crew" if number % 2 else "Deck")
            on_site(_person(one, site=site, department=hall), camera=camera)
    elif what == "assembly":
        CameraFactory(name=words[1], site=Site.objects.get(name=words[0]))
    elif what == "known":
        _person(words[1], site=Site.objects.get(name=words[0]), department=None)
    elif what == "seen":
        person = Person.objects.get(name=words[1])
        visit = visit_with_face(
            camera=Camera.objects.get(name=words[0]),
            person=person,
            first_at=now,
            decision="match",
            reason="above_threshold",
            is_confirmed=True,
            score=0.8,
            candidates=[[str(person.pk), 0.8]],
        )
        announce_visits([visit])
    elif what == "due":
        site, (department, *names) = default_site(), words
        shift = shift_with_hours(
            "00:00",
            "00:00",
            name=f"Shift of {department}",
            code=department[:4],
            policy=WorkPolicyFactory(name=f"Policy of {department}"),
        ).versions.get()
        hall = department_at(site, department)
        for one in names:
            DayFactory(
                person=_person(one, site=site, department=hall),
                work_date=timezone.localdate(),
                shift=shift,
                status="not_arrived",
                start=now - timedelta(minutes=4),
                end=now + timedelta(hours=8),
                window_end=now + timedelta(hours=12),
                first_in=None,
                last_out=None,
            )
        publish("attendance", AttendanceChanged(type="attendance.changed"))
    else:
        AttendanceDay.objects.filter(person__name=words[0]).update(
            status="in_progress", first_in=now, late_min=4
        )
        publish("attendance", AttendanceChanged(type="attendance.changed"))


def _person(name: str, **fields: Any) -> Any:
    """Codes are counted by each process from the beginning: here they are of the name."""
    from tests.factories import PersonFactory

    return PersonFactory(name=name, code=name.replace(" ", "-"), **fields)


if __name__ == "__main__":
    import django

    django.setup()

    from portal.core.context import SYSTEM, acting_as

    with acting_as(SYSTEM):
        _do(*sys.argv[1:])
