"""One of everything, for tests that visit every address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portal.cameras.models import Camera
from portal.jobs.models import Job
from tests.factories.accounts import ApiTokenFactory, UserFactory
from tests.factories.enrolment import EnrolmentFaceFactory, EnrolmentFactory
from tests.factories.people import enrolled_person
from tests.factories.sightings import (
    CameraFactory,
    JobFactory,
    RecognisedFaceFactory,
    RecognitionFactory,
)

__all__ = ["World", "build_world"]


@dataclass(frozen=True, slots=True)
class World:
    person: Any
    image: Any
    draft: Any
    draft_photo: Any
    draft_face: Any
    camera: Any
    browser: Any
    recognition: Any
    face: Any
    job: Any
    token: Any

    def arguments(self, view: str, names: list[str]) -> dict[str, Any]:
        """What stands for these names in the address of ``view``."""
        values = {
            "person_id": self.person.pk,
            "image_id": self.image.pk,
            "enrolment_id": self.draft.pk,
            "photo_id": self.draft_photo.pk,
            "position": 0,
            "face_id": self.draft_face.pk if view.startswith("enrolment:") else self.face.pk,
            "camera_id": (
                self.browser.pk
                if view in {"sightings:webcam", "sightings:frame"}
                else self.camera.pk
            ),
            "recognition_id": self.recognition.pk,
            "job_id": self.job.pk,
            "token_id": self.token.pk,
        }
        return {name: values[name] for name in names}


def build_world() -> World:
    UserFactory()  # without a user every address leads to the set-up page
    person = enrolled_person(1, name="Ada Lovelace")
    draft = EnrolmentFactory()
    draft_face = EnrolmentFaceFactory(photo__enrolment=draft)
    camera = CameraFactory()
    recognition = RecognitionFactory(is_done=True, camera=camera, source="camera", face_count=1)
    face = RecognisedFaceFactory(
        recognition=recognition,
        person=person,
        decision="match",
        reason="above_threshold",
        score=0.8,
        candidates=[[str(person.pk), 0.8]],
    )
    return World(
        person=person,
        image=person.images.get(),
        draft=draft,
        draft_photo=draft_face.photo,
        draft_face=draft_face,
        camera=camera,
        browser=CameraFactory(kind=Camera.Kind.BROWSER),
        recognition=recognition,
        face=face,
        job=JobFactory(state=Job.State.RUNNING),
        token=ApiTokenFactory(),
    )
