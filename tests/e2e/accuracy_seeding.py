"""A past for the Accuracy page: two months of names at two doors, what people said of them, and a
measurement.

``python -m tests.e2e.accuracy_seeding`` for the data directory that the environment names.
"""

from __future__ import annotations

import random
from datetime import timedelta

import django

django.setup()

from django.utils import timezone  # noqa: E402 - models need Django to be set up

from portal.calibration.figures import RuleFigure  # noqa: E402
from portal.cameras.contracts import CameraYield  # noqa: E402
from portal.cameras.models import Camera  # noqa: E402
from portal.cameras.services import count_yields  # noqa: E402
from portal.core.context import SYSTEM, acting_as  # noqa: E402
from portal.engines.selectors import active_space, policy_in_force  # noqa: E402
from portal.hygiene.models import Finding  # noqa: E402
from portal.people.models import FaceImage, Person  # noqa: E402
from portal.people.selectors import gallery_people_count  # noqa: E402
from portal.sightings.models import Visit  # noqa: E402
from tests.factories import CameraFactory, VisitFactory, enrolled_person  # noqa: E402
from tests.factories.figures import (  # noqa: E402
    made_figures,
    missed_at,
    missed_figure,
    run_done,
    stranger_figure,
)

__all__ = ["seed"]

NAMES = (
    "Ada Lovelace", "Grace Hopper", "Katherine Johnson", "Emmy Noether", "Hedy Lamarr",
    "Mary Somerville", "Sofja Kowalewskaja", "Lise Meitner", "Rosalind Franklin", "Chien-Shiung Wu",
    "Maria Goeppert-Mayer", "Jocelyn Bell Burnell",
)  # fmt: skip
GATE, STAFF = "Main gate", "Staff entrance"


def seed() -> None:
    luck, now = random.Random(7), timezone.now()
    people = [enrolled_person(number, name=name) for number, name in enumerate(NAMES)]
    FaceImage.objects.update(created_at=now - timedelta(days=200))
    FaceImage.objects.filter(person__in=people[-2:]).update(created_at=now - timedelta(days=900))
    gate, staff = CameraFactory(name=GATE), CameraFactory(name=STAFF)
    for day in range(56):
        for person in people[:9]:
            _pass(luck, person, people, gate if luck.random() < 0.6 else staff, day)
    for camera, seen in ((gate, 1_480), (staff, 760)):
        count_yields([_yield(camera, seen)])
    Finding.objects.create(kind=Finding.Kind.FEW, person=people[4], score=1.0, count=1)
    threshold = policy_in_force(gallery_people_count()).threshold
    figures = made_figures(
        now=RuleFigure(
            threshold, stranger_figure(), missed_figure(searches=96, people=len(people))
        ),
        gallery_size=len(people),
        cameras=(missed_at(gate, 0.06),),
    )
    run_done(figures, space=active_space())


def _pass(
    luck: random.Random, person: Person, people: list[Person], camera: Camera, day: int
) -> None:
    at = timezone.now() - timedelta(days=day, minutes=luck.randrange(600))
    asked = luck.random() < 0.06
    second = luck.choice([one for one in people if one != person])
    margin = luck.uniform(0.04, 0.12) if person == people[0] else luck.uniform(0.15, 0.4)
    visit = VisitFactory(
        camera=camera,
        space=active_space(),
        first_at=at,
        person=None if asked else person,
        decision="uncertain" if asked else "match",
        reason="grey_band" if asked else "above_threshold",
        score=0.5 if asked else 0.7,
        margin=margin,
        candidates=[[str(person.pk), 0.7], [str(second.pk), 0.7 - margin]],
    )
    answer = luck.random()
    how = _answer(answer, asked=asked)
    if how:
        named = {"refused": None, "assigned": second}.get(how, person)
        Visit.objects.filter(pk=visit.pk).update(
            settled_as=how,
            settled_at=visit.last_at + timedelta(minutes=luck.randrange(1, 240)),
            settled_by="Kim",
            person=named,
        )


def _answer(answer: float, *, asked: bool) -> str:
    if asked:
        return "confirmed" if answer < 0.7 else "refused" if answer < 0.9 else ""
    if answer < 0.01:
        return "refused"
    return "assigned" if answer < 0.014 else "confirmed" if answer < 0.12 else ""


def _yield(camera: Camera, seen: int) -> CameraYield:
    return CameraYield(
        camera.pk,
        timezone.now() - timedelta(days=3),
        frames=seen * 20,
        faces=seen * 6,
        usable_faces=seen * 4,
        visits=seen,
        usable_visits=round(seen * 0.93),
        recognised_visits=round(seen * 0.78),
        uncertain_visits=round(seen * 0.05),
        stranger_visits=round(seen * 0.1),
        losses={"too_small": seen, "blurred": round(seen * 0.4)},
    )


if __name__ == "__main__":
    with acting_as(SYSTEM):
        seed()
