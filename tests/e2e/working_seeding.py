"""A firm at half past ten on a working day, and its weeks before, for the pictures of the docs.

``python -m tests.e2e.working_seeding``, for the data directory that the environment names. It works
where it is morning now, so that the pictures look alike whenever they are made; all that is seen of
its days is made by the engine out of punches.
"""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import django

django.setup()

from django.utils import timezone  # noqa: E402 - models need Django to be set up

from portal.attendance.services.recompute import recompute_people  # noqa: E402
from portal.core.context import SYSTEM, acting_as  # noqa: E402
from portal.organisation.models import Site  # noqa: E402
from portal.organisation.services import default_site, department_at  # noqa: E402
from portal.people.models import Person  # noqa: E402
from portal.schedules.models import Shift  # noqa: E402
from tests.factories import CameraFactory, PersonFactory  # noqa: E402
from tests.factories.attendance import (  # noqa: E402
    LeaveFactory,
    LeaveTypeFactory,
    PunchFactory,
    WorkPolicyFactory,
    assigned,
    shift_with_hours,
)

__all__ = ["DEPARTMENTS", "seed"]

DEPARTMENTS: Final = {
    "Assembly": "Ada Okafor, Ben Sato, Carla Weiss, Dimitri Novak, Elif Demir, Frank Osei, "
    "Gina Rossi, Hugo Lind, Ines Prado",
    "Office": "Jonas Keller, Karin Holm, Leo Martin, Mona Haddad, Nils Berg, Olga Petrova",
    "Warehouse": "Pia Brandt, Quentin Roy, Rosa Silva, Sven Dahl, Tara Singh, Uwe Falk, Vera Kolar",
}
CITIES: Final = (
    "Pacific/Auckland", "Asia/Tokyo", "Asia/Shanghai", "Asia/Dhaka", "Asia/Dubai", "Europe/Athens",
    "Europe/London", "America/Sao_Paulo", "America/New_York", "America/Denver", "Pacific/Honolulu",
)  # fmt: skip
WEEKS: Final = 6
# What happens on so many of a hundred days.
LATE, MISSED, FORGOTTEN = 7, 2, 2


def seed() -> None:
    now = timezone.now()
    zone = min((ZoneInfo(name) for name in CITIES), key=lambda each: abs(_hour(now, each) - 10.5))
    site = default_site()
    Site.objects.filter(pk=site.pk).update(time_zone=zone.key)
    site.refresh_from_db()
    door = CameraFactory(name="Main door", place="", site=site)
    policy = WorkPolicyFactory(name="House rules")
    shifts = {
        name: shift_with_hours(*hours, policy=policy, name=name, code=code, days=[0, 1, 2, 3, 4, 5])
        for name, code, hours in (
            ("Day", "D", ("09:00", "17:00")),
            ("Early", "E", ("06:00", "14:00")),
            ("Night", "N", ("22:00", "06:00")),
        )
    }
    today = now.astimezone(zone).date()
    # A day of rest would leave the board empty.
    days = [today - timedelta(days=n) for n in range(7 * WEEKS, -1, -1)]
    rng = random.Random(7)
    people = _people(site, shifts)
    away = _on_leave(people, today)
    for person, shift in people:
        for day in days:
            if (day.weekday() == 6 and day != today) or (person.pk, day) in away:
                continue
            for moment, direction in _passages(rng, shift.versions.get(), day, zone):
                if moment < now:
                    PunchFactory(person=person, at=moment, direction=direction, camera=door)
    recompute_people(
        [person.pk for person, _ in people], first=days[0], last=today, cause="nightly", now=now
    )


def _hour(now: datetime, zone: ZoneInfo) -> float:
    local = now.astimezone(zone)
    return local.hour + local.minute / 60


def _people(site: Site, shifts: dict[str, Shift]) -> list[tuple[Person, Shift]]:
    made = []
    for department, names in DEPARTMENTS.items():
        hall = department_at(site, department)
        for number, name in enumerate(names.split(", ")):
            usual = "Day" if department != "Warehouse" else ("Early", "Day", "Night")[number % 3]
            person = PersonFactory(
                name=name, code=f"{department[0]}{number + 1:02}", site=site, department=hall
            )
            assigned(shifts[usual], person=person)
            made.append((person, shifts[usual]))
    return made


def _on_leave(people: list[tuple[Person, Shift]], today: date) -> set[tuple[UUID, date]]:
    away = set()
    holiday, ill = LeaveTypeFactory(name="Holiday"), LeaveTypeFactory(name="Illness")
    for index, kind, back, days in ((4, holiday, 3, 8), (11, ill, 1, 2), (17, holiday, 20, 6)):
        first = today - timedelta(days=back)
        LeaveFactory(
            person=people[index][0], type=kind, state="approved",
            first=first, last=first + timedelta(days=days),
        )  # fmt: skip
        away |= {(people[index][0].pk, first + timedelta(days=n)) for n in range(days + 1)}
    return away


def _passages(
    rng: random.Random, shift: Any, day: date, zone: ZoneInfo
) -> list[tuple[datetime, str]]:
    luck = rng.randrange(100)
    start = datetime.combine(day, shift.start, zone)
    length = timedelta(hours=8)
    came = start + timedelta(minutes=rng.randrange(9, 40) if luck < LATE else rng.randrange(-12, 4))
    left = start + length + timedelta(minutes=rng.randrange(-2, 35))
    if luck >= 100 - MISSED:
        return []
    return [(came, "in")] if luck >= 100 - MISSED - FORGOTTEN else [(came, "in"), (left, "out")]


if __name__ == "__main__":
    with acting_as(SYSTEM):
        seed()
