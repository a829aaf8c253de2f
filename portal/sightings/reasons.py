"""Why somebody was or was not recognised, in sentences with the numbers.

Public surface: ``explain``, ``quality_words``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from django.utils.text import capfirst

from portal.sightings.models import Visit
from portal.sightings.rows import VisitRow
from recognition.contracts import FaceQuality
from recognition.decision import (
    ENROLMENT_FLOORS,
    PROBE_FLOORS,
    QualityFloors,
    describe_issue,
    quality_issues,
)

__all__ = ["explain", "quality_words"]


_TO_COMPARE = "A person has to compare the pictures."


def explain(row: VisitRow) -> list[str]:
    """The decision over the whole visit, the most important sentence first."""
    visit = row.visit
    said = [_settled(visit)] if visit.settled_as else []
    said += {
        "match": _match,
        "uncertain": _uncertain,
        "unknown": _unknown,
    }.get(visit.decision, _other)(row)
    return [sentence for sentence in said if sentence]


def _settled(visit: Visit) -> str:
    by = visit.settled_by or "somebody"
    return {
        Visit.Settled.CONFIRMED: f"{by} compared the pictures and confirmed the name.",
        Visit.Settled.REFUSED: f"{by} said that this is not the person who was named.",
        Visit.Settled.ASSIGNED: f"{by} said who this is.",
        Visit.Settled.NOT_A_FACE: f"{by} said that this is not a face.",
    }[Visit.Settled(visit.settled_as)]


def _match(row: VisitRow) -> list[str]:
    visit, name = row.visit, row.view.person.name if row.view.person else "This person"
    said = []
    if visit.score is not None and visit.threshold is not None:
        said.append(
            f"{name} scores {visit.score:.3f} over all faces together; {visit.threshold:.3f} is "
            "needed to be named."
        )
    if visit.margin is not None:
        said.append(f"The second most similar person is {visit.margin:.3f} behind.")
    if visit.is_confirmed:
        said.append(f"{_agreeing(visit)} The name is confirmed.")
    else:
        said.append(f"{_agreeing(visit)} The name is provisional until more of them do.")
    return said


def _uncertain(row: VisitRow) -> list[str]:
    visit, view = row.visit, row.view
    nearest = view.suggested_as or "the nearest person"
    first = nearest if view.suggested else capfirst(nearest)
    are_two = view.second is None or view.second != view.suggested
    if visit.reason == "too_close" and are_two and visit.margin is not None:
        second = view.second.name if view.second else "somebody else"
        alike = f"{first} and {second} are almost equally similar"
        return [f"{alike}: only {visit.margin:.3f} lies between them.", _TO_COMPARE]
    if visit.reason == "lookalike" and visit.score is not None and visit.threshold is not None:
        return [_guarded(visit, first), _TO_COMPARE]
    if visit.score is None or visit.threshold is None:
        return [view.why]
    gap = visit.threshold - visit.score
    if gap <= 0:
        return [view.why]
    needed = f"the score is {visit.score:.3f}, and {visit.threshold:.3f} is needed"
    return [f"This may be {nearest}: {needed}. Only {gap:.3f} is missing.", _TO_COMPARE]


def _guarded(visit: Visit, first: str) -> str:
    lead = f" and leads by {visit.margin:.3f}" if visit.margin is not None else ""
    return (
        f"{first} scores {visit.score:.3f}{lead}; {visit.threshold:.3f} is needed. That would do "
        "for anybody else, but somebody who looks very much like them is enrolled too, so the "
        "picture must be surer before a name is given."
    )


def _unknown(row: VisitRow) -> list[str]:
    visit, view = row.visit, row.view
    if visit.reason == "empty_gallery" or not visit.candidates:
        return [view.why]
    said = []
    if visit.score is not None and visit.threshold is not None and visit.score < visit.threshold:
        who = view.suggested.name if view.suggested else "The most similar person"
        said.append(
            f"Nobody enrolled is similar enough. {who} comes nearest with {visit.score:.3f}; "
            f"{visit.threshold:.3f} is needed."
        )
    else:
        said.append(view.why)
    if visit.faces_usable:
        said.append(_agreeing(visit))
    return said


def _other(row: VisitRow) -> list[str]:
    visit = row.visit
    return [
        row.view.why,
        f"Of {visit.faces_seen} faces {visit.faces_usable} could be compared."
        if visit.faces_seen
        else "",
    ]


def _agreeing(visit: Visit) -> str:
    return (
        f"{visit.faces_agreeing} of {visit.faces_usable} usable faces agree "
        f"({visit.faces_seen} were seen)."
    )


def quality_words(measured: Mapping[str, float]) -> list[str]:
    """How good a face is, from what the ledger keeps of it; empty where too little was kept."""
    known = {field.name for field in fields(FaceQuality)}
    try:
        quality = FaceQuality(**{name: value for name, value in measured.items() if name in known})
    except TypeError:
        return []
    if too_poor := _issues(quality, PROBE_FLOORS):
        return ["Too poor to be compared.", *too_poor]
    if not_ideal := _issues(quality, ENROLMENT_FLOORS):
        return ["Fit to be compared, but not good enough to be enrolled from.", *not_ideal]
    return ["Good: large, sharp and evenly lit enough even to be enrolled from."]


def _issues(quality: FaceQuality, floors: QualityFloors) -> list[str]:
    """What is too low, without the advice, which would be for somebody who can still hear it."""
    texts = (describe_issue(issue, quality, floors) for issue in quality_issues(quality, floors))
    return [f"{text.split('. ')[0].rstrip('.')}." for text in texts]
