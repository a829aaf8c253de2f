"""A month of days that are over, for reports: ``python -m tests.e2e.report_seeding``.

Three people of a foundry in October 2026, one of them late, one absent once, one at night over the
end of summer time. For the data directory that the environment names.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import django

django.setup()

from portal.core.context import SYSTEM, acting_as  # noqa: E402 - models need Django to be set up
from portal.organisation.models import Site  # noqa: E402
from portal.people.models import Person  # noqa: E402
from tests.factories import PersonFactory  # noqa: E402
from tests.factories.attendance import BERLIN, DayFactory  # noqa: E402

__all__ = ["NAMES", "SITE", "seed"]

SITE = "Foundry"
NAMES = ("Anna Okafor", "Bertram Guss", "Nia Night")


def seed() -> None:
    site = Site.objects.create(name=SITE, time_zone=BERLIN)
    anna, bruno, nia = (
        PersonFactory(name=name, code=f"M-{n}", site=site) for n, name in enumerate(NAMES)
    )
    for number in range(31):
        day = date(2026, 10, 1) + timedelta(days=number)
        if day.weekday() > 4:
            continue
        _worked(anna, day, start=9, hours=8, late_min=12 if number % 5 == 0 else 0)
        if day == date(2026, 10, 8):
            DayFactory(
                person=bruno, work_date=day, zone=BERLIN, status="absent", worked_min=0, payable_min=0,
                first_in=None, last_out=None,
            )  # fmt: skip
        else:
            _worked(bruno, day, start=9, hours=8)
    _worked(nia, date(2026, 10, 24), start=20, hours=9)


def _worked(person: Person, day: date, *, start: int, hours: int, **fields: Any) -> None:
    came = datetime(day.year, day.month, day.day, start, tzinfo=UTC)
    left = came + timedelta(hours=hours)
    DayFactory(
        person=person,
        work_date=day,
        zone=BERLIN,
        first_in=came,
        last_out=left,
        worked_min=60 * hours,
        payable_min=60 * hours,
        sessions=[
            {"start": came.isoformat(), "end": left.isoformat(), "minutes": 60 * hours},
        ],
        **fields,
    )


if __name__ == "__main__":
    with acting_as(SYSTEM):
        seed()
