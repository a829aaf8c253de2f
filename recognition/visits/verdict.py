"""When a name is likely, and when it is sure.

Public surface: ``ConfirmRule``, ``Standing``, ``judge``, ``rank_of``.
"""

from __future__ import annotations

from dataclasses import dataclass

from recognition.contracts import Decision
from recognition.visits.vote import Vote

__all__ = ["ConfirmRule", "Standing", "judge", "rank_of"]

# Below this rate a passage may have no more than two frames.
_SLOW_FPS = 3.0
_RANK = {"poor": 0, "spoof": 0, "unknown": 1, "uncertain": 2, "match": 3}
# Frames at a tenth of a second apart are not exactly 0.3 s apart in floating point.
_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True)
class ConfirmRule:
    """A name is confirmed once ``faces`` usable ones are individually most like that person, over
    at least ``span_s`` and more of them than of all others together."""

    faces: int = 3
    span_s: float = 0.3

    @classmethod
    def at_rate(cls, fps: float) -> ConfirmRule:
        """For a source of so many pictures a second: where they are few, two must do."""
        return cls(faces=2 if fps < _SLOW_FPS else 3)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a visit comes to so far: the decision over the fused vector, whether the single faces
    bear it out, and how many do."""

    decision: Decision
    is_confirmed: bool = False
    agreeing: int = 0

    @property
    def name(self) -> str | None:
        """Who it is, provisionally or confirmed; an uncertain suggestion is no name."""
        return self.decision.person_id if self.decision.kind == "match" else None


def rank_of(kind: str, *, is_confirmed: bool = False) -> int:
    """How much a decision says; by it the better of two is kept that were made of different faces
    of one visit."""
    return _RANK[kind] + int(is_confirmed)


def judge(vote: Vote, decision: Decision, rule: ConfirmRule) -> Standing:
    """``decision`` is that of ``recognition.decision.decide`` over ``vote.fused``.

    A name is provisional as soon as that decision is a match, from the first usable face on; once
    the fused vector decides otherwise, it is withdrawn, confirmed or not.
    """
    who = decision.person_id if decision.kind == "match" else None
    agreeing = vote.agreeing(decision.person_id)
    is_confirmed = (
        who is not None
        and agreeing >= rule.faces
        and 2 * agreeing > vote.usable
        and vote.span_s(who) >= rule.span_s - _ROUNDING_S
    )
    return Standing(decision, is_confirmed, agreeing)
