"""Who is nearest without being the same: the two ceilings and the register of look-alikes.

Public surface: ``Nearest``, ``Ceilings``, ``ceilings``, ``ConfusablePair``, ``confusable_bar``,
``confusable_pairs``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.calibration.errors import EvidenceRejected
from recognition.calibration.evidence import Evidence
from recognition.calibration.gallery import Gallery, searched
from recognition.decision import DecisionPolicy

__all__ = [
    "Ceilings",
    "ConfusablePair",
    "Nearest",
    "ceilings",
    "confusable_bar",
    "confusable_pairs",
]

_MOST_PAIRS = 100_000


@dataclass(frozen=True, slots=True)
class Nearest:
    """A score between two people, and who: ``person_id`` searched, ``other_id`` is enrolled."""

    score: float
    person_id: str
    other_id: str


@dataclass(frozen=True, slots=True)
class Ceilings:
    """The highest score of a stranger, and of an enrolled person with somebody else. A threshold
    below the first names that stranger. None where nothing is known."""

    nearest_stranger: Nearest | None
    nearest_other: Nearest | None


@dataclass(frozen=True, slots=True)
class ConfusablePair:
    """Two enrolled people, in the order of their ids, and how alike: the highest score of a
    reference photo, or a template, of the one with the other's template."""

    first_id: str
    second_id: str
    score: float


def ceilings(evidence: Evidence) -> Ceilings:
    """Read both off the searches."""
    strangers, mated = evidence.strangers, evidence.mated
    outside = strangers.sources == "stranger"
    others = [
        _highest(strangers.scores, strangers.person_ids, strangers.nearest_ids, ~outside),
        _highest(mated.other_scores, mated.person_ids, mated.other_ids, mated.other_ids != ""),
    ]
    known = [each for each in others if each is not None]
    return Ceilings(
        _highest(strangers.scores, strangers.person_ids, strangers.nearest_ids, outside),
        max(known, key=lambda each: each.score, default=None),
    )


def _highest(
    scores: NDArray[np.float64],
    person_ids: NDArray[np.str_],
    other_ids: NDArray[np.str_],
    chosen: NDArray[np.bool_],
) -> Nearest | None:
    rows = np.flatnonzero(chosen & np.isfinite(scores))
    if not len(rows):
        return None
    row = rows[scores[rows].argmax()]
    return Nearest(float(scores[row]), str(person_ids[row]), str(other_ids[row]))


def confusable_bar(policy: DecisionPolicy) -> float:
    """From where on two people are look-alikes: the photo of one would be given the other's name.

    LFW, 439 people with three photos and 1,557 with one: of 15 and 32 searches in which somebody
    else reached the threshold, pairs above it hold 10 and 6 (9 and 7 pairs). A margin lower they
    hold no more of them, but 57 and 58 pairs, so a fifth and a fourteenth of all people.
    """
    return policy.threshold


def confusable_pairs(
    gallery: Gallery, *, bar: float, most: int = _MOST_PAIRS
) -> tuple[ConfusablePair, ...]:
    """Every two people who are that alike or more, best first.

    Raises ``EvidenceRejected`` where more than ``most`` are, because the bar then tells nobody
    apart.
    """
    found: dict[tuple[int, int], float] = {}
    faces = np.concatenate([gallery.references, gallery.templates])
    owners = np.concatenate([gallery.owners, np.arange(len(gallery))])
    for block, scores in searched(gallery, faces):
        rows, others = np.nonzero(scores >= bar)
        mine = owners[block][rows]
        for a, b, score in zip(mine, others, scores[rows, others], strict=True):
            if a != b:
                pair = (int(min(a, b)), int(max(a, b)))
                found[pair] = max(found.get(pair, -1.0), float(score))
        if len(found) > most:
            raise EvidenceRejected(f"More than {most} pairs reach {bar}. Ask for a higher bar.")
    names = gallery.person_ids
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        ConfusablePair(str(names[a]), str(names[b]), min(score, 1.0)) for (a, b), score in ordered
    )
