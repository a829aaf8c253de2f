"""From what was measured in a photo to a verdict in plain words: pure, no writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.enrolment.likeness import SAME_PERSON_COSINE, Sorting
from portal.enrolment.models import EnrolmentFace, EnrolmentPhoto

__all__ = ["Verdict", "about_angles", "judge", "judge_among", "somebody_else"]


@dataclass(frozen=True, slots=True)
class Verdict:
    code: str
    message: str
    chosen: int | None


def somebody_else(name: str, score: float | None) -> str:
    return (
        f"This face belongs to {name} already (similarity {score or 0.0:.2f}). Say at the next step "
        "whether it is the same person."
    )


def judge(
    faces: Sequence[EnrolmentFace],
    *,
    chosen: int | None,
    claimed: Mapping[int, float] | None = None,
) -> Verdict:
    """The verdict about a photo with these faces, of which ``chosen`` was picked by a person.

    ``claimed`` holds, by position, how similar a face is to somebody else who is enrolled, where
    nobody has said yet that they are two. No message holds a name: it is stored, and would outlive the erasure of its bearer.
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
    if claimed and position in claimed:
        words = somebody_else("somebody else", claimed[position])
        return Verdict(kinds.OTHER_PERSON, words, position)
    if face.issues:
        return Verdict(kinds.POOR, " ".join(issue["text"] for issue in face.issues), position)
    score = face.quality.get("score", 0.0)
    eyes_px = face.quality.get("eye_distance_px", 0.0)
    return Verdict(
        kinds.USABLE,
        f"Good: quality {score:.2f} of 1, {eyes_px:.0f} px between the eyes.",
        position,
    )


def judge_among(verdict: Verdict, *, photo_id: str, sorting: Sorting, is_known: bool) -> Verdict:
    """What remains of a good verdict once the photo is compared with the person's others;
    ``is_known`` where these are enrolled already."""
    kinds = EnrolmentPhoto.Verdict
    if (unlike := sorting.unlike.get(photo_id)) is not None:
        others = "photos that are enrolled" if is_known else "other photos"
        words = (
            f"This does not look like the person of the {others}: similarity "
            f"{max(unlike.similarity, 0.0):.2f} at best, {SAME_PERSON_COSINE:.2f} is needed. "
        )
        if unlike.is_tie:
            words += "As many photos show another face: remove those that are wrong."
        else:
            words += "It is set aside and not used."
        return Verdict(kinds.UNLIKE, words, verdict.chosen)
    if (repeated := sorting.repeated.get(photo_id)) is not None:
        return Verdict(
            kinds.REPEATED,
            f"Nearly the same picture as another one (similarity {repeated.similarity:.2f}), which "
            "is kept. A different look or angle helps more.",
            verdict.chosen,
        )
    return verdict


def about_angles(present: Sequence[str], missing: Sequence[str]) -> str:
    """ "Front and left are there; right would help." A wish, never a demand."""
    if not present:
        return "From the front, and a little from either side, is best."
    have = _listed(present).capitalize() + (" is" if len(present) == 1 else " are") + " there"
    if not missing:
        return f"{have}: a face that turns is recognised as well."
    return f"{have}; {_listed(missing)} would help."


def _listed(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
