"""From the faces of a passage to one decision: votes, names, and which passages are one visit.

Pure rules over numpy: no pictures, no networks, no clock. Public surface: ``Look``, ``Vote``;
``Standing``, ``ConfirmRule``, ``judge``, ``rank_of``; ``Newcomer``, ``OpenVisit``, ``JoinRule``,
``visit_to_join``, ``visit_to_absorb``; ``is_somebody_else``, ``likeness``, ``is_inside``.
"""

from recognition.visits.joining import (
    JoinRule,
    Newcomer,
    OpenVisit,
    visit_to_absorb,
    visit_to_join,
)
from recognition.visits.likeness import is_somebody_else, likeness
from recognition.visits.region import is_inside
from recognition.visits.verdict import ConfirmRule, Standing, judge, rank_of
from recognition.visits.vote import Look, Vote

__all__ = [
    "ConfirmRule",
    "JoinRule",
    "Look",
    "Newcomer",
    "OpenVisit",
    "Standing",
    "Vote",
    "is_inside",
    "is_somebody_else",
    "judge",
    "likeness",
    "rank_of",
    "visit_to_absorb",
    "visit_to_join",
]
