"""People, consents, photos, templates and the space that the templates belong to."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from portal.core.vault import vault
from portal.engines.models import Space
from portal.people.models import Consent, FaceImage, FaceTemplate, Person
from portal.people.services.revision import bump_gallery_revision
from portal.people.vectors import seal_vector
from tests.factories.faces import SPACE, vector_of
from tests.factories.pictures import jpeg

__all__ = [
    "ConsentFactory",
    "FaceImageFactory",
    "FaceTemplateFactory",
    "PersonFactory",
    "SpaceFactory",
    "enrolled_person",
    "stored",
]


def stored(kind: str) -> Any:
    """A declaration: the key of a fresh blob of this kind."""
    return factory.LazyFunction(lambda: vault().put(kind, jpeg(64, 64)))


def random_sha256() -> str:
    return hashlib.sha256(secrets.token_bytes(16)).hexdigest()


class SpaceFactory(DjangoModelFactory):
    class Meta:
        model = Space
        django_get_or_create = ("id",)

    id = SPACE.id
    model_id = SPACE.model_id
    weights_sha256 = SPACE.weights_sha256
    dimension = SPACE.dimension
    preprocessing = SPACE.preprocessing


class PersonFactory(DjangoModelFactory):
    class Meta:
        model = Person

    code = factory.Sequence(lambda n: f"C-{n:05d}")
    name = factory.Sequence(lambda n: f"Person {n:05d}")
    department = "Laboratory"


class ConsentFactory(DjangoModelFactory):
    class Meta:
        model = Consent

    person = factory.SubFactory(PersonFactory)
    given_at = factory.LazyFunction(timezone.now)


class FaceImageFactory(DjangoModelFactory):
    class Meta:
        model = FaceImage

    person = factory.SubFactory(PersonFactory)
    portrait_key = stored("portraits")
    aligned_key = stored("aligned")
    source = FaceImage.Source.UPLOAD
    photo_sha256 = factory.LazyFunction(random_sha256)
    quality = factory.LazyFunction(lambda: {"score": 0.9, "eye_distance_px": 60.0})
    quality_score = 0.9


class FaceTemplateFactory(DjangoModelFactory):
    class Meta:
        model = FaceTemplate

    class Params:
        identity = 0

    image = factory.SubFactory(FaceImageFactory)
    person = factory.SelfAttribute("image.person")
    space = factory.SubFactory(SpaceFactory)
    sealed_vector = factory.LazyAttribute(
        lambda o: seal_vector(vector_of(o.identity), dimension=SPACE.dimension)
    )


def enrolled_person(identity: int = 0, *, photos: int = 1, **fields: object) -> Person:
    """Somebody with consent and photos, whom a search finds; the revision tells of it."""
    person = PersonFactory(**fields)
    ConsentFactory(person=person)
    for _ in range(photos):
        FaceTemplateFactory(image=FaceImageFactory(person=person), identity=identity)
    bump_gallery_revision()
    return person
