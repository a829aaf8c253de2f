"""A second world at another site, of which whoever is limited to the first may learn nothing.

Public surface: ``MARK``, ``Elsewhere``, ``build_elsewhere``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from django.db.models import Value
from django.db.models.functions import Concat

from portal.alerts.models import Alert, AlertRule
from portal.attendance.models import Period
from portal.cameras.models import Camera
from portal.muster.models import MusterEvent
from portal.organisation.models import Site
from portal.organisation.services import department_at
from portal.people.models import Person
from portal.review.models import Stranger
from portal.schedules.models import Shift
from portal.sightings.models import Visit
from tests.factories.accounts import UserFactory
from tests.factories.sightings import RecognisedFaceFactory, RecognitionFactory
from tests.factories.world import World, build_world

__all__ = ["MARK", "Elsewhere", "build_elsewhere"]

# In every name of the other site: where it is read, something was let through.
MARK = "Elsewhere"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    world: World

    def arguments(self, here: World, view: str, names: list[str]) -> Iterator[dict[str, Any]]:
        """For each object in the address: that one of the other site, all others of this one."""
        ours, theirs = here.arguments(view, names), self.world.arguments(view, names)
        for name in names:
            if ours[name] != theirs[name]:
                yield {**ours, name: theirs[name]}


def build_elsewhere(here: World) -> Elsewhere:
    """The world once more, all of it at another site, and some of it having visited this one."""
    people = list(Person.objects.values_list("pk", flat=True))
    cameras = list(Camera.objects.values_list("pk", flat=True))
    visits = list(Visit.objects.values_list("pk", flat=True))
    strangers = list(Stranger.objects.values_list("pk", flat=True))
    rules = list(AlertRule.objects.values_list("pk", flat=True))
    world = build_world()
    site = Site.objects.create(name=f"{MARK} House")
    department = department_at(site, f"{MARK} Hall")
    Person.objects.exclude(pk__in=people).update(
        site=site,
        department=department,
        name=Concat(Value(f"{MARK} "), "name"),
        code=Concat(Value(f"{MARK}-"), "code"),
    )
    Camera.objects.exclude(pk__in=cameras).update(
        site=site, name=Concat(Value(f"{MARK} "), "name"), place=MARK
    )
    Visit.objects.exclude(pk__in=visits).update(site=site)
    Stranger.objects.exclude(pk__in=strangers).update(site=site)
    Alert.objects.exclude(rule__in=rules).update(site=site)
    AlertRule.objects.exclude(pk__in=rules).update(
        site=site, name=Concat(Value(f"{MARK} "), "name")
    )
    Shift.objects.exclude(pk=here.shift.pk).update(
        site=site, name=Concat(Value(f"{MARK} "), "name")
    )
    Period.objects.exclude(pk=here.period.pk).update(site=site)
    MusterEvent.objects.exclude(pk=here.muster.pk).update(site=site, ended_at=None)
    user = UserFactory(name=f"{MARK} user", email=f"{MARK.lower()}@example.org")
    user.sites.add(site)
    world = replace(world, site=site, department=department, user=user)
    for field in fields(world):
        row = getattr(world, field.name)
        if hasattr(row, "refresh_from_db"):
            row.refresh_from_db()
    # Somebody of the other site walks past a camera of this one, and resembles somebody here.
    known = [[str(world.person.pk), 0.8], [str(here.person.pk), 0.4]]
    visit = RecognitionFactory(is_done=True, camera=here.camera, source="camera", face_count=1)
    RecognisedFaceFactory(
        recognition=visit, person=world.person, decision="match", score=0.8, candidates=known
    )
    RecognisedFaceFactory(
        recognition=here.recognition, position=1, decision="uncertain", candidates=known
    )
    return Elsewhere(world)
