"""People of a department, who began 200 days ago, for the data directory that the environment names.

``python -m tests.e2e.shift_seeding DEPARTMENT NAME …``
"""

from __future__ import annotations

import sys
from datetime import timedelta

import django

django.setup()

from django.utils import timezone  # noqa: E402 - models need Django to be set up

from portal.core.context import SYSTEM, acting_as  # noqa: E402
from tests.factories import PersonFactory  # noqa: E402

__all__ = ["seed"]


def seed(department: str, names: list[str]) -> None:
    first = timezone.localdate() - timedelta(days=200)
    with acting_as(SYSTEM):
        for name in names:
            PersonFactory(name=name, department_path=f"{department} / Hall 1", employed_from=first)


if __name__ == "__main__":
    seed(sys.argv[1], sys.argv[2:])
