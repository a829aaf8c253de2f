"""Visits with their legs and vectors, strangers, and what was said lastingly of a face."""

from __future__ import annotations

from datetime import timedelta

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from portal.core.vault import vault
from portal.organisation.services import default_site
from portal.people.vectors import seal_vector
from portal.review.models import Anchor, Stranger
from portal.sightings.models import Visit, VisitLeg, VisitVector
from portal.sightings.services.visits import seal_visit_vector
from tests.factories.faces import SPACE, vector_of
from tests.factories.people import SpaceFactory, stored
from tests.factories.sightings import CameraFactory, RecognisedFaceFactory

__all__ = [
    "AnchorFactory",
    "StrangerFactory",
    "VisitFactory",
    "VisitLegFactory",
    "VisitVectorFactory",
    "sealed",
    "visit_with_face",
]


def sealed(vector: object) -> bytes:
    """A vector of nobody known, under the installation's own key."""
    return seal_vector(vector, dimension=SPACE.dimension, data_key=vault().keys.installation())


class StrangerFactory(DjangoModelFactory):
    """Somebody unknown, to be looked at."""

    class Meta:
        model = Stranger

    site = factory.LazyFunction(default_site)
    number = factory.Sequence(lambda n: n + 1)
    first_at = factory.LazyFunction(lambda: timezone.now() - timedelta(hours=1))
    last_at = factory.LazyFunction(timezone.now)


class VisitFactory(DjangoModelFactory):
    """Over, and unknown to everybody, unless told otherwise; ``visit_with_face`` adds the crop."""

    class Meta:
        model = Visit

    camera = factory.SubFactory(CameraFactory)
    site = factory.SelfAttribute("camera.site")
    last_camera = factory.SelfAttribute("camera")
    first_at = factory.LazyFunction(lambda: timezone.now() - timedelta(seconds=20))
    last_at = factory.LazyAttribute(lambda o: o.first_at + timedelta(seconds=10))
    closed_at = factory.LazyAttribute(lambda o: o.last_at)
    decision = "unknown"
    reason = "below_grey_band"
    is_confirmed = False
    threshold = 0.5
    space = factory.SubFactory(SpaceFactory)
    faces_seen = 4
    faces_usable = 3
    faces_agreeing = 3


class VisitLegFactory(DjangoModelFactory):
    class Meta:
        model = VisitLeg

    visit = factory.SubFactory(VisitFactory)
    camera = factory.SelfAttribute("visit.camera")
    first_at = factory.SelfAttribute("visit.first_at")
    last_at = factory.SelfAttribute("visit.last_at")
    faces = 4


class VisitVectorFactory(DjangoModelFactory):
    class Meta:
        model = VisitVector

    class Params:
        identity = 0

    visit = factory.SubFactory(VisitFactory)
    space = factory.SelfAttribute("visit.space")
    sealed_vector = factory.LazyAttribute(lambda o: seal_visit_vector(vector_of(o.identity)))


class AnchorFactory(DjangoModelFactory):
    """“Ignored”, unless a person and ``kind="not_person"`` are given."""

    class Meta:
        model = Anchor

    class Params:
        identity = 0

    kind = Anchor.Kind.IGNORED
    space = factory.SubFactory(SpaceFactory)
    sealed_vector = factory.LazyAttribute(lambda o: sealed(vector_of(o.identity)))
    aligned_key = stored("aligned")


def visit_with_face(*, identity: int = 0, **fields: object) -> Visit:
    """A visit as the worker leaves it: with a leg, its best face in the ledger, and a vector."""
    visit = VisitFactory(**fields)
    face = RecognisedFaceFactory(
        recognition__camera=visit.camera,
        recognition__source="camera",
        recognition__captured_at=visit.first_at,
        recognition__face_count=1,
        decision=visit.decision,
        reason=visit.reason,
        person=visit.person,
        score=visit.score,
        margin=visit.margin,
        candidates=visit.candidates,
        aligned_key=vault().put("aligned", b"aligned"),
        visit=visit,
    )
    visit.best_face = face
    visit.save(update_fields=["best_face"])
    VisitLegFactory(visit=visit)
    VisitVectorFactory(visit=visit, identity=identity)
    return visit
