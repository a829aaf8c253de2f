"""What the pages say about lost faces and people is what is counted, and nothing else."""

from __future__ import annotations

from dataclasses import fields, replace
from uuid import uuid4

import pytest

from portal.cameras.advice import CODES
from portal.cameras.contracts import CameraSettings
from portal.cameras.losses import VISIT_REASONS, losses_of_visit
from portal.cameras.selectors.funnel import LABELS
from recognition.contracts import Candidate, FaceQuality
from recognition.decision import ENROLMENT_FLOORS, DecisionPolicy, decide, quality_issues
from tests.factories.faces import GOOD_QUALITY, face_of
from workers.visits.followed import loss_of_place

CAMERA = CameraSettings(uuid4(), uuid4(), "Gate", "rtsp", 1, "UTC")
POLICY = DecisionPolicy(threshold=0.45, guarded=frozenset({"twin"}))


def of_place() -> set[str]:
    """What a stream and a snapshot count of a face that the camera's settings leave out."""
    found, size_px = face_of(1).detection, (400, 300)
    corner = ((0.9, 0.9), (1.0, 0.9), (1.0, 1.0))
    cameras = [replace(CAMERA, region=corner), replace(CAMERA, min_face_px=300)]
    return {loss for one in cameras if (loss := loss_of_place(found, one, size_px))}


def of_quality() -> set[str]:
    """Nothing is good enough, and where the face is sharp its parts are looked at too."""
    worst = FaceQuality(**{one.name: float("nan") for one in fields(FaceQuality)})
    sharp = replace(worst, sharpness=GOOD_QUALITY.sharpness)
    return {str(issue) for one in (worst, sharp) for issue in quality_issues(one, ENROLMENT_FLOORS)}


def of_visits() -> set[str]:
    scores = [
        {},
        {"ann": 0.9},
        {"ann": 0.1},
        {"ann": 0.43},
        {"ann": 0.60, "bob": 0.58},
        {"twin": 0.46},
    ]
    reasons = [
        decide(
            [Candidate(name, score) for name, score in one.items()],
            quality=GOOD_QUALITY,
            policy=POLICY,
        ).reason
        for one in scores
    ]
    return {code for reason in reasons for code in losses_of_visit(reason)}


@pytest.mark.parametrize(
    ("read", "where"), [(set(LABELS), "the funnel"), (set(CODES), "the advice")]
)
def test_every_code_that_is_read_is_one_that_is_counted(read, where):
    assert read <= of_place() | of_quality() | of_visits(), where


def test_a_visit_is_counted_for_every_reason_of_having_no_name_and_for_no_other():
    assert of_visits() == VISIT_REASONS
