"""The register of people who look alike: kept by the look through the gallery, and added to at once
when somebody is enrolled.

Public surface: ``FoundPair``, ``keep_pairs``, ``note_pairs``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from portal.core.context import require
from portal.core.events import CalibrationChanged, publish_on_commit
from portal.people.models import LookalikePair, Person

__all__ = ["FoundPair", "keep_pairs", "note_pairs"]

_Ends = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class FoundPair:
    """Two people and the similarity of their faces; in whatever order."""

    first_id: UUID
    second_id: UUID
    score: float


def keep_pairs(pairs: Sequence[FoundPair], *, space_id: str, ceiling: float) -> None:
    """Make ``pairs``, which are all there are, the register: an answer is for ever, an open pair
    is one of this look. Who was told apart and is no longer alike stays told apart.

    From ``ceiling`` on, the threshold, they may be one person: somebody is asked."""
    scores = _by_ends(pairs)
    known = {(row.first_id, row.second_id): row for row in LookalikePair.objects.all()}
    gone = {ends: row for ends, row in known.items() if ends not in scores}
    LookalikePair.objects.filter(
        pk__in=[row.pk for row in gone.values() if row.answer == LookalikePair.Answer.OPEN]
    ).delete()
    LookalikePair.objects.filter(
        pk__in=[row.pk for row in gone.values() if row.is_alike], is_alike=True
    ).update(is_alike=False)
    _write(scores, known, space_id=space_id, ceiling=ceiling)
    _announce()


@transaction.atomic
def note_pairs(pairs: Iterable[FoundPair], *, space_id: str, ceiling: float) -> int:
    """Add what was found when somebody was enrolled; returns how many pairs are new or alike again.

    Nothing leaves the register here: whoever was compared is not all of it.
    """
    require("people.manage")
    scores = _by_ends(pairs)
    ends = {pk for both in scores for pk in both}
    active = Person.objects.filter(pk__in=ends, status=Person.Status.ACTIVE)
    living = set(active.values_list("pk", flat=True))
    scores = {both: score for both, score in scores.items() if set(both) <= living}
    known = {
        (row.first_id, row.second_id): row
        for row in LookalikePair.objects.filter(first__in=living, second__in=living)
    }
    new = sum(both not in known or not known[both].is_alike for both in scores)
    _write(scores, known, space_id=space_id, ceiling=ceiling)
    if new:
        _announce()
    return new


def _by_ends(pairs: Iterable[FoundPair]) -> dict[_Ends, float]:
    scores: dict[_Ends, float] = {}
    for pair in pairs:
        ends = (min(pair.first_id, pair.second_id), max(pair.first_id, pair.second_id))
        scores[ends] = max(pair.score, scores.get(ends, pair.score))
    return scores


def _write(
    scores: Mapping[_Ends, float],
    known: Mapping[_Ends, LookalikePair],
    *,
    space_id: str,
    ceiling: float,
) -> None:
    changed, new = [], []
    for (first, second), score in scores.items():
        found = {"score": score, "space_id": space_id, "wants_answer": score >= ceiling}
        row = known.get((first, second))
        if row is None:
            new.append(LookalikePair(first_id=first, second_id=second, **found))
        elif not row.is_alike or any(getattr(row, name) != found[name] for name in found):
            row.is_alike = True
            for name, value in found.items():
                setattr(row, name, value)
            changed.append(row)
    LookalikePair.objects.bulk_update(
        changed, ["score", "space", "is_alike", "wants_answer"], batch_size=500
    )
    # Another worker may have noted the same pair in this very moment.
    LookalikePair.objects.bulk_create(new, ignore_conflicts=True)


def _announce() -> None:
    event = CalibrationChanged(type="calibration.changed", part="look_alikes")
    publish_on_commit("calibration", event)
