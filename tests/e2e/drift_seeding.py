"""Scores that fell, as four weeks at a side door would leave them.

``python -m tests.e2e.drift_seeding STEADY… FELL``: everybody named was recognised there every day,
the last of them less clearly for the last twelve; then a night's look is made. For the data
directory that the environment names.
"""

from __future__ import annotations

import sys

import django

django.setup()

from portal.core.context import SYSTEM, acting_as  # noqa: E402 - models need Django to be set up
from portal.engines.selectors import active_space  # noqa: E402
from portal.people.models import Person  # noqa: E402
from tests.factories import CameraFactory  # noqa: E402
from tests.factories.drift import aged, fell, scored_days  # noqa: E402
from workers.calibration.watch import watch_scores  # noqa: E402

__all__ = ["seed"]


def seed(names: list[str]) -> None:
    space = active_space()
    *steady, fallen = (aged(Person.objects.get(name=name)) for name in names)
    door, yard = CameraFactory(name="Side door"), CameraFactory(name="Yard")
    for person in steady:
        scored_days(person, fell(before=0.7, after=0.7), camera=door, space=space)
    scored_days(fallen, fell(), camera=door, space=space)
    for person in steady:
        scored_days(person, fell(before=0.66, after=0.55), camera=yard, space=space)
    watch_scores()


if __name__ == "__main__":
    with acting_as(SYSTEM):
        seed(sys.argv[1:])
