"""A site with a department of three and somebody beside it, shifts to plan with, and accounts for leave.

``python -m tests.e2e.planner_seeding PASSWORD``, for the data directory that the environment names.
"""

from __future__ import annotations

import sys

import django

django.setup()

from portal.core.context import SYSTEM, acting_as  # noqa: E402 - models need Django to be set up
from portal.organisation.models import Site  # noqa: E402
from portal.organisation.services import department_at  # noqa: E402
from portal.people.models import Person  # noqa: E402
from tests.factories import UserFactory  # noqa: E402
from tests.factories.attendance import (  # noqa: E402
    LeaveTypeFactory,
    WorkPolicyFactory,
    assigned,
    shift_with_hours,
)

__all__ = ["DEPARTMENT", "EMPLOYEE", "MANAGER", "NAMES", "seed"]

DEPARTMENT = "Bottling"
NAMES = ("Olive Planner", "Paul Painter", "Quinn Quiet")
EMPLOYEE, MANAGER = "olive@gatehouse.test", "chief@gatehouse.test"


def seed(password: str) -> None:
    site = Site.objects.create(name="Brewery", time_zone="Europe/Berlin")
    department = department_at(site, DEPARTMENT)
    people = [
        Person.objects.create(code=f"B{n}", name=name, site=site, department=department)
        for n, name in enumerate(NAMES)
    ]
    # Who narrows the roster to the department sees one fewer.
    Person.objects.create(code="B9", name="Rita Restless", site=site)
    policy = WorkPolicyFactory(name="Brewery rules")
    hours = {"Mash": ("06:00", "14:00"), "Kiln": ("22:00", "06:00"), "Dawn": ("05:00", "13:00")}
    shifts = {
        name: shift_with_hours(
            *times, name=name, code=code, colour=colour, policy=policy, site=site
        )
        for (name, times), code, colour in zip(
            hours.items(), ("M", "K", "D"), ("amber", "blue", "red"), strict=True
        )
    }
    assigned(shifts["Mash"], department=department)
    LeaveTypeFactory(name="Harvest leave")
    UserFactory(email=EMPLOYEE, password=password, role="employee", person=people[0])
    UserFactory(email=MANAGER, password=password, role="manager").departments.add(department)


if __name__ == "__main__":
    with acting_as(SYSTEM):
        seed(sys.argv[1])
