"""Enrolments in the making."""

from __future__ import annotations

import factory
from factory.django import DjangoModelFactory

from portal.core.vault import vault
from portal.enrolment.models import (
    Enrolment,
    EnrolmentFace,
    EnrolmentPhoto,
    Frame,
    Likeness,
)
from portal.enrolment.services import data_key_of
from portal.people.models import FaceImage
from portal.people.services import person_key
from portal.people.vectors import seal_vector
from tests.factories.faces import SPACE, vector_of
from tests.factories.people import PersonFactory, SpaceFactory, random_sha256, stored
from tests.factories.pictures import jpeg

__all__ = [
    "EnrolmentFaceFactory",
    "EnrolmentFactory",
    "EnrolmentPhotoFactory",
    "FrameFactory",
    "LikenessFactory",
]


def _put(kind: str, photo: EnrolmentPhoto) -> str:
    return vault().put(kind, jpeg(64, 64), data_key=data_key_of(photo.enrolment))


class EnrolmentFactory(DjangoModelFactory):
    class Meta:
        model = Enrolment

    data_key_id = factory.LazyAttribute(
        lambda o: person_key(o.person) if getattr(o, "person", None) else vault().keys.create()
    )


class EnrolmentPhotoFactory(DjangoModelFactory):
    """Waiting to be examined, unless ``is_usable=True``."""

    class Meta:
        model = EnrolmentPhoto

    class Params:
        is_usable = factory.Trait(
            state=EnrolmentPhoto.State.EXAMINED,
            verdict=EnrolmentPhoto.Verdict.USABLE,
            message="Good.",
            chosen=0,
        )

    enrolment = factory.SubFactory(EnrolmentFactory)
    photo_key = stored("photos", of="enrolment")
    photo_sha256 = factory.LazyFunction(random_sha256)
    file_name = factory.Sequence(lambda n: f"photo-{n}.jpg")
    source = FaceImage.Source.UPLOAD
    width_px = 320
    height_px = 240


class EnrolmentFaceFactory(DjangoModelFactory):
    class Meta:
        model = EnrolmentFace

    class Params:
        identity = 0

    photo = factory.SubFactory(EnrolmentPhotoFactory, is_usable=True)
    position = 0
    box = factory.LazyFunction(lambda: [10.0, 12.0, 60.0, 70.0])
    quality = factory.LazyFunction(lambda: {"score": 0.9, "eye_distance_px": 60.0})
    portrait_key = factory.LazyAttribute(lambda o: _put("portraits", o.photo))
    aligned_key = factory.LazyAttribute(lambda o: _put("aligned", o.photo))
    space = factory.SubFactory(SpaceFactory)
    sealed_vector = factory.LazyAttribute(
        lambda o: seal_vector(
            vector_of(o.identity),
            dimension=SPACE.dimension,
            data_key=data_key_of(o.photo.enrolment),
        )
    )


class LikenessFactory(DjangoModelFactory):
    class Meta:
        model = Likeness

    face = factory.SubFactory(EnrolmentFaceFactory)
    person = factory.SubFactory(PersonFactory)
    score = 0.7
    threshold = 0.5


class FrameFactory(DjangoModelFactory):
    """Of a draft's coach, not answered yet."""

    class Meta:
        model = Frame

    purpose = Frame.Purpose.COACH
    enrolment = factory.SubFactory(EnrolmentFactory)
    picture_key = stored("frames", of="enrolment")
