"""Two people with a May of days, and the account of one, for the data directory of the environment.

``python -m tests.e2e.attendance_seeding``: Greta works days and came late on the 12th, Gustav works
nights. Their days are made by the engine out of punches.
"""

from __future__ import annotations

from datetime import date, timedelta

import django

django.setup()

from django.utils import timezone  # noqa: E402 - models need Django to be set up

from portal.accounts.models import Role  # noqa: E402
from portal.attendance.services.recompute.people import recompute_people  # noqa: E402
from portal.core.context import SYSTEM, acting_as  # noqa: E402
from tests.factories import UserFactory  # noqa: E402
from tests.factories.attendance import (  # noqa: E402
    WorkPolicyFactory,
    seen_at,
    worker_on_shift,
)

__all__ = ["DAY_WORKER", "EMPLOYEE", "NIGHT_WORKER", "PASSWORD", "seed"]

DAY_WORKER, NIGHT_WORKER = "Greta Gridley", "Gustav Gridley"
EMPLOYEE, PASSWORD = "greta@gatehouse.test", "eight quite plain words today"
MAY = [date(2026, 5, 1) + timedelta(days=n) for n in range(31)]


def seed() -> None:
    policy = WorkPolicyFactory(name="Grid rules")
    greta = worker_on_shift(
        name=DAY_WORKER,
        code="GRID-1",
        shift__name="Grid day",
        shift__code="GD",
        shift__policy=policy,
    )
    gustav = worker_on_shift(
        "22:00",
        "06:00",
        name=NIGHT_WORKER,
        code="GRID-2",
        shift__name="Grid night",
        shift__code="GN",
        shift__policy=policy,
    )
    for day in MAY:
        came = "09:06" if day.day == 12 else "08:58"
        seen_at(greta, f"in {day} {came}", f"out {day} 17:02", place="Main door")
        morning = day + timedelta(days=1)
        seen_at(gustav, f"in {day} 21:55", f"out {morning} 06:03", place="Main door")
    recompute_people(
        [greta.pk, gustav.pk], first=MAY[0], last=MAY[-1], cause="nightly", now=timezone.now()
    )
    UserFactory(
        email=EMPLOYEE, name=DAY_WORKER, password=PASSWORD, role=Role.EMPLOYEE, person=greta
    )


if __name__ == "__main__":
    with acting_as(SYSTEM):
        seed()
