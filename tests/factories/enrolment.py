"""Enrolments in the making."""

from __future__ import annotations

import factory
from factory.django import DjangoModelFactory

from portal.enrolment.models import Enrolment, EnrolmentFace, EnrolmentPhoto
from portal.people.models import FaceImage
from portal.people.vectors import seal_vector
from tests.factories.faces import SPACE, vector_of
from tests.factories.people import SpaceFactory, random_sha256, stored

__all__ = ["EnrolmentFaceFactory", "EnrolmentFactory", "EnrolmentPhotoFactory"]


class EnrolmentFactory(DjangoModelFactory):
    class Meta:
        model = Enrolment


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
    photo_key = stored("photos")
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
    portrait_key = stored("portraits")
    aligned_key = stored("aligned")
    space = factory.SubFactory(SpaceFactory)
    sealed_vector = factory.LazyAttribute(
        lambda o: seal_vector(vector_of(o.identity), dimension=SPACE.dimension)
    )
