"""Somebody who came yesterday and was not seen leaving, and their manager, both with accounts.

``python -m tests.e2e.correction_seeding``, for the data directory that the environment names.
"""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import django

django.setup()

from django.utils import timezone  # noqa: E402 - models need Django to be set up

from portal.accounts.models import Role  # noqa: E402
from portal.attendance.services.recompute import recompute_people  # noqa: E402
from portal.core.context import SYSTEM, acting_as  # noqa: E402
from tests.factories import UserFactory  # noqa: E402
from tests.factories.attendance import (  # noqa: E402
    BERLIN,
    WorkPolicyFactory,
    seen_at,
    worker_on_shift,
)

__all__ = ["EMPLOYEE", "MANAGER", "PASSWORD", "WORKER", "day_that_is_over", "seed"]

WORKER = "Coretta Corry"
EMPLOYEE, MANAGER = "coretta@gatehouse.test", "corry-manager@gatehouse.test"
PASSWORD = "nine quite other plain words"


def day_that_is_over() -> date:
    """Yesterday, where these people work."""
    return (timezone.now().astimezone(ZoneInfo(BERLIN)) - timedelta(days=1)).date()


def seed() -> None:
    yesterday = day_that_is_over()
    policy = WorkPolicyFactory(name="Corry rules")
    worker = worker_on_shift(
        name=WORKER,
        code="CORRY-1",
        department_path="Corrections",
        shift__name="Corry",
        shift__code="CO",
        shift__policy=policy,
    )
    seen_at(worker, f"in {yesterday} 08:58", place="Main door")
    # Whose exceptions stay, for what comes after.
    late = worker_on_shift(
        name="Cornelius Corry",
        code="CORRY-2",
        department_path="Corrections",
        shift__name="Corry 2",
        shift__code="CO2",
        shift__policy=policy,
    )
    seen_at(late, f"in {yesterday} 09:40", place="Main door")
    people = [worker.pk, late.pk]
    recompute_people(people, first=yesterday, last=yesterday, cause="nightly")
    UserFactory(email=EMPLOYEE, name=WORKER, password=PASSWORD, role=Role.EMPLOYEE, person=worker)
    manager = UserFactory(email=MANAGER, name="Corry Manager", password=PASSWORD, role=Role.MANAGER)
    manager.departments.add(worker.department)


if __name__ == "__main__":
    with acting_as(SYSTEM):
        seed()
