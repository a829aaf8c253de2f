"""What a visit that is over counts for at its camera, and the codes of what was lost there.

Public surface: ``OUTSIDE_REGION``, ``BELOW_MIN_SIZE``, ``VISIT_REASONS``, ``counts_of_visit``,
``losses_of_visit``.
"""

from __future__ import annotations

from typing import Final

from recognition.decision import ReasonCode

__all__ = [
    "BELOW_MIN_SIZE",
    "OUTSIDE_REGION",
    "VISIT_REASONS",
    "counts_of_visit",
    "losses_of_visit",
]

# Faces that the camera's own settings leave out.
OUTSIDE_REGION: Final = "outside_region"
BELOW_MIN_SIZE: Final = "below_min_size"
# Why somebody with a good face got no name. One a visit, where all other codes are one a face.
VISIT_REASONS: Final = frozenset(
    {
        str(ReasonCode.GREY_BAND),
        str(ReasonCode.TOO_CLOSE),
        str(ReasonCode.LOOKALIKE),
        str(ReasonCode.BELOW_GREY_BAND),
        str(ReasonCode.EMPTY_GALLERY),
    }
)
_COLUMNS: Final = {
    "match": "recognised_visits",
    "uncertain": "uncertain_visits",
    "unknown": "stranger_visits",
}


def counts_of_visit(kind: str, *, is_usable: bool) -> dict[str, int]:
    """By the columns of a camera's hour, for the decision that the visit ended with."""
    counts = {"visits": 1, "usable_visits": int(is_usable)}
    if kind in _COLUMNS:
        counts[_COLUMNS[kind]] = 1
    return counts


def losses_of_visit(reason: str) -> dict[str, int]:
    """Faces too poor to be compared are counted one by one, not again with their visit."""
    return {reason: 1} if reason in VISIT_REASONS else {}
