"""Rows, pictures, faces and engine answers for tests: small, valid, and different each time."""

from tests.factories.accounts import ApiTokenFactory, UserFactory, api_token
from tests.factories.enrolment import (
    EnrolmentFaceFactory,
    EnrolmentFactory,
    EnrolmentPhotoFactory,
    FrameFactory,
    LikenessFactory,
)
from tests.factories.people import (
    ConsentFactory,
    FaceImageFactory,
    FaceTemplateFactory,
    PersonFactory,
    SpaceFactory,
    enrolled_person,
)
from tests.factories.sightings import (
    CameraFactory,
    JobFactory,
    RecognisedFaceFactory,
    RecognitionFactory,
    camera_with_key,
)
from tests.factories.visits import (
    AnchorFactory,
    StrangerFactory,
    VisitFactory,
    VisitLegFactory,
    VisitVectorFactory,
    visit_with_face,
)

__all__ = [
    "AnchorFactory",
    "ApiTokenFactory",
    "CameraFactory",
    "ConsentFactory",
    "EnrolmentFaceFactory",
    "EnrolmentFactory",
    "EnrolmentPhotoFactory",
    "FaceImageFactory",
    "FaceTemplateFactory",
    "FrameFactory",
    "JobFactory",
    "LikenessFactory",
    "PersonFactory",
    "RecognisedFaceFactory",
    "RecognitionFactory",
    "SpaceFactory",
    "StrangerFactory",
    "UserFactory",
    "VisitFactory",
    "VisitLegFactory",
    "VisitVectorFactory",
    "api_token",
    "camera_with_key",
    "enrolled_person",
    "visit_with_face",
]
