"""From what was measured in a photo to a verdict in plain words: pure, no writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.enrolment.models import EnrolmentFace, EnrolmentPhoto

__all__ = ["Verdict", "judge", "somebody_else"]


@dataclass(frozen=True, slots=True)
class Verdict:
    code: str
    message: str
    chosen: int | None


def somebody_else(name: str, score: float | None) -> str:
    return (
        f"This face belongs to {name} already (similarity {score or 0.0:.2f}). It cannot be "
        "enrolled a second time."
    )


def judge(faces: Sequence[EnrolmentFace], *, chosen: int | None) -> Verdict:
    """The verdict about a photo with these faces, of which ``chosen`` was picked by a person.

    No message holds a name: it is stored, and would outlive the erasure of its bearer.
    """
    kinds = EnrolmentPhoto.Verdict
    if not faces:
        return Verdict(
            kinds.NO_FACE,
            "No face was found. Use a photo in which the face is seen from the front, not "
            "covered, and at least a tenth of the picture's height.",
            None,
        )
    if len(faces) > 1 and chosen is None:
        return Verdict(
            kinds.SEVERAL_FACES,
            f"There are {len(faces)} faces in this photo. Pick the one that is meant.",
            None,
        )
    position = chosen if chosen is not None else 0
    face = faces[position]
    if face.is_somebody_else:
        return Verdict(
            kinds.OTHER_PERSON,
            somebody_else("somebody else", face.nearest_score),
            position,
        )
    if face.issues:
        return Verdict(kinds.POOR, " ".join(issue["text"] for issue in face.issues), position)
    score = face.quality.get("score", 0.0)
    eyes_px = face.quality.get("eye_distance_px", 0.0)
    return Verdict(
        kinds.USABLE,
        f"Good: quality {score:.2f} of 1, {eyes_px:.0f} px between the eyes.",
        position,
    )
