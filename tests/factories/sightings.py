"""Cameras, jobs, recognitions and recognised faces."""

from __future__ import annotations

import secrets

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from portal.cameras.models import Camera
from portal.core.bearer import digest_of
from portal.jobs.models import Job
from portal.organisation.services import default_site
from portal.sightings.models import RecognisedFace, Recognition
from tests.factories.people import random_sha256, stored

__all__ = [
    "CameraFactory",
    "JobFactory",
    "RecognisedFaceFactory",
    "RecognitionFactory",
    "camera_with_key",
]


class CameraFactory(DjangoModelFactory):
    class Meta:
        model = Camera

    site = factory.LazyFunction(default_site)
    name = factory.Sequence(lambda n: f"Camera {n:04d}")
    place = "North gate"
    kind = Camera.Kind.PUSH
    key_digest = factory.LazyFunction(lambda: digest_of(secrets.token_hex(8)))


def camera_with_key(**fields: object) -> tuple[Camera, dict[str, str]]:
    """A camera and the headers that carry its key."""
    key = f"ghc_{secrets.token_hex(8)}"
    camera = CameraFactory(key_digest=digest_of(key), **fields)
    return camera, {"Authorization": f"Bearer {key}"}


class JobFactory(DjangoModelFactory):
    class Meta:
        model = Job

    kind = Job.Kind.RECOGNISE_PHOTOS
    title = factory.Sequence(lambda n: f"Job {n}")
    total = 2


class RecognitionFactory(DjangoModelFactory):
    """Waiting, unless ``is_done=True``."""

    class Meta:
        model = Recognition

    class Params:
        is_done = factory.Trait(
            state=Recognition.State.DONE,
            finished_at=factory.LazyFunction(timezone.now),
            threshold=0.5,
            gallery_size=1,
            width_px=320,
            height_px=240,
            timings_ms=factory.LazyFunction(
                lambda: {"queue": 1.0, "decode": 2.0, "detect": 3.0, "embed": 4.0, "search": 5.0}
            ),
        )

    source = Recognition.Source.UPLOAD
    picture_key = stored("pictures")
    picture_sha256 = factory.LazyFunction(random_sha256)
    captured_at = factory.LazyFunction(timezone.now)
    actor_label = "somebody"


class RecognisedFaceFactory(DjangoModelFactory):
    """Unknown to everybody, unless told otherwise."""

    class Meta:
        model = RecognisedFace

    recognition = factory.SubFactory(RecognitionFactory, is_done=True)
    position = 0
    box = factory.LazyFunction(lambda: [10.0, 12.0, 60.0, 70.0])
    landmarks = factory.LazyFunction(lambda: [[30, 40], [60, 40], [45, 55], [32, 70], [58, 70]])
    detector_score = 0.98
    quality = factory.LazyFunction(lambda: {"score": 0.9, "eye_distance_px": 60.0})
    decision = RecognisedFace.Decision.UNKNOWN
    reason = "below_grey_band"
    portrait_key = stored("crops")
