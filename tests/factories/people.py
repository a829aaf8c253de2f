"""People, consents, photos, templates and the space that the templates belong to."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any
from uuid import UUID

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from portal.core.vault import vault
from portal.engines.models import Space
from portal.enrolment.models import Enrolment
from portal.enrolment.services import data_key_of
from portal.organisation.services import default_site, department_at
from portal.people.models import Consent, FaceImage, FaceTemplate, Person
from portal.people.services import person_key
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
    "key_of",
    "stored",
]


def stored(kind: str, *, of: str = "") -> Any:
    """A declaration: the key of a fresh blob of this kind, sealed for ``of`` (an attribute)."""
    return factory.LazyAttribute(
        lambda o: vault().put(kind, jpeg(64, 64), data_key=key_of(getattr(o, of)) if of else None)
    )


def key_of(owner: Person | Enrolment) -> UUID:
    """The data key of a person or a draft."""
    return person_key(owner) if isinstance(owner, Person) else data_key_of(owner)


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

    class Params:
        department_path = "Laboratory"

    code = factory.Sequence(lambda n: f"C-{n:05d}")
    name = factory.Sequence(lambda n: f"Person {n:05d}")
    site = factory.LazyFunction(default_site)
    department = factory.LazyAttribute(lambda o: department_at(o.site, o.department_path))


class ConsentFactory(DjangoModelFactory):
    class Meta:
        model = Consent

    person = factory.SubFactory(PersonFactory)
    given_at = factory.LazyFunction(timezone.now)


class FaceImageFactory(DjangoModelFactory):
    class Meta:
        model = FaceImage

    person = factory.SubFactory(PersonFactory)
    portrait_key = stored("portraits", of="person")
    aligned_key = stored("aligned", of="person")
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
        lambda o: seal_vector(
            vector_of(o.identity), dimension=SPACE.dimension, data_key=person_key(o.person)
        )
    )


def enrolled_person(identity: int = 0, *, photos: int = 1, **fields: object) -> Person:
    """Somebody with consent and photos, whom a search finds; the revision tells of it."""
    person = PersonFactory(**fields)
    ConsentFactory(person=person)
    for _ in range(photos):
        FaceTemplateFactory(image=FaceImageFactory(person=person), identity=identity)
    bump_gallery_revision()
    return person
