"""What a walk-past test says: the cameras' decision about a frame, worded for whoever enrolled
somebody. Public surface: ``outcome_of`` with ``Outcome``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.people.selectors import PersonName
from recognition.decision import REASON_TEXT, ReasonCode

__all__ = ["Outcome", "outcome_of"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """``verdict`` is one of the design system's states. ``is_recognised``: as the right person.
    ``score`` is the best similarity, whoever it is with, and ``second`` the next person's."""

    verdict: str
    title: str
    text: str
    is_recognised: bool = False
    score: float | None = None
    threshold: float | None = None
    second: float | None = None


def outcome_of(
    result: Mapping[str, Any], *, person_id: str, name: str, names: Mapping[str, PersonName]
) -> Outcome:
    """``result`` is the worker's; ``names`` are those of others that may be told."""
    if "error" in result:
        return Outcome("failed", "The picture could not be read", str(result["error"]))
    faces = result["faces"]
    if not faces:
        return Outcome("no_face", "No face is seen", "Step before the camera, or use more light.")
    if len(faces) > 1:
        return Outcome(
            "no_face",
            f"{len(faces)} faces are seen",
            f"Let {name} stand before the camera alone: the test is about one person.",
        )
    return _of_face(
        faces[0], threshold=result["threshold"], person_id=person_id, name=name, names=names
    )


def _of_face(
    face: Mapping[str, Any],
    *,
    threshold: float,
    person_id: str,
    name: str,
    names: Mapping[str, PersonName],
) -> Outcome:
    candidates = face["candidates"]
    score = face["score"]
    second = candidates[1][1] if len(candidates) > 1 else None
    is_theirs = face["person_id"] == person_id
    reason = REASON_TEXT[ReasonCode(face["reason"])]
    numbers = {"score": score, "threshold": threshold, "second": second}
    if face["kind"] == "match" and is_theirs:
        return Outcome(
            "match",
            f"Recognised as {name}",
            f"Similarity {score:.2f} at threshold {threshold:.2f}.",
            is_recognised=True,
            **numbers,
        )
    if face["kind"] == "match":
        other = names.get(face["person_id"])
        return Outcome(
            "rejected",
            f"Taken for {other.name if other else 'somebody else'}",
            f"Similarity {score:.2f} at threshold {threshold:.2f}. If this is {name}, look at the "
            "photos of both: one of them may hold the wrong face.",
            **numbers,
        )
    if face["kind"] == "poor":
        return Outcome("poor", "The picture is not good enough", reason)
    if score is None:
        return Outcome("unknown", "Not recognised", reason)
    title = f"Nearly recognised as {name}" if is_theirs else "Not recognised"
    return Outcome(
        face["kind"],
        title,
        f"{reason} Similarity {score:.2f}; {threshold:.2f} is needed. A photo in this light and at "
        "this angle would help.",
        **numbers,
    )
