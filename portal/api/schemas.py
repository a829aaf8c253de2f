"""The shapes of answers. There is no field for a template or an embedding, on purpose."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from ninja import Schema

from portal.sightings.models import Recognition
from portal.sightings.selectors import FaceView

__all__ = [
    "CameraOut",
    "CandidateOut",
    "ErrorOut",
    "FaceOut",
    "PersonOut",
    "PersonRef",
    "RecognitionOut",
    "SnapshotOut",
    "recognition_out",
]


StateName = Literal["queued", "running", "done", "failed"]
DecisionName = Literal["match", "uncertain", "unknown", "poor", "spoof"]


class ErrorBody(Schema):
    code: str
    message: str


class ErrorOut(Schema):
    error: ErrorBody


class PersonRef(Schema):
    id: UUID
    code: str
    name: str


class PersonOut(PersonRef):
    department: str
    status: str
    photos: int


class CameraOut(Schema):
    id: UUID
    name: str
    place: str
    kind: str
    health: str
    last_seen_at: datetime | None


class CandidateOut(Schema):
    person: PersonRef
    score: float


class FaceOut(Schema):
    box: list[float]
    landmarks: list[list[float]]
    decision: DecisionName
    reason: str
    person: PersonRef | None
    score: float | None
    margin: float | None
    quality: float
    candidates: list[CandidateOut]


class TimingsOut(Schema):
    queue: float = 0.0
    decode: float = 0.0
    detect: float = 0.0
    embed: float = 0.0
    search: float = 0.0


class RecognitionOut(Schema):
    """``state`` is queued, running, done or failed; faces are there once it is done, the main
    face (large and central) first. Boxes are [x, y, width, height] in pixels of the upright
    picture, landmarks five [x, y]: eyes, nose, mouth corners, left before right in the picture."""

    id: UUID
    state: StateName
    faces: list[FaceOut]
    threshold: float | None
    embedding_space: str | None
    width: int
    height: int
    timings_ms: TimingsOut
    error: ErrorBody | None = None


class SnapshotOut(Schema):
    id: UUID
    state: StateName
    is_new: bool


def recognition_out(row: Recognition, faces: list[FaceView]) -> RecognitionOut:
    return RecognitionOut(
        id=row.pk,
        state=cast("StateName", row.state),
        faces=[_face_out(view) for view in faces],
        threshold=row.threshold,
        embedding_space=row.space_id,
        width=row.width_px,
        height=row.height_px,
        timings_ms=TimingsOut(**row.timings_ms),
        error=(
            ErrorBody(code=row.error_code, message=row.error_message) if row.error_code else None
        ),
    )


def _face_out(view: FaceView) -> FaceOut:
    face = view.face
    person = view.person
    return FaceOut(
        box=face.box,
        landmarks=face.landmarks,
        decision=cast("DecisionName", face.decision),
        reason=face.reason,
        person=PersonRef(id=UUID(person.id), code=person.code, name=person.name)
        if person
        else None,
        score=face.score,
        margin=face.margin,
        quality=face.quality.get("score", 0.0),
        candidates=[
            CandidateOut(
                person=PersonRef(id=UUID(who.id), code=who.code, name=who.name), score=score
            )
            for who, score in view.candidates
        ],
    )
