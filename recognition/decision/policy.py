"""The numbers that a decision follows. Public surface: ``DecisionPolicy``."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from recognition.decision.quality import PROBE_FLOORS, QualityFloors

__all__ = ["DecisionPolicy"]

# No offset of a camera makes a threshold that no face, or every face, would reach.
_HIGHEST: Final = 0.99


@dataclass(frozen=True, slots=True)
class DecisionPolicy:
    """Open-set rules in cosine units.

    A best score of ``threshold`` or more names a person; one within ``grey_band`` below it is for
    a human to judge, and so is one that leads the second *person* by less than ``min_margin``.
    The defaults were measured with the vectors of ``bench/threshold_prior.py``: among 1,480 people
    at FPIR 1 % the band brings 1.9 % of all enrolled probes (half of those missed) and 6.1 % of
    the strangers before a human. The margin costs 0.08 % of the right names there, stops both of
    the enrolled who would be given another's name, and 1 of 25 strangers above the threshold.
    ``guarded`` are people who look very much like somebody else who is enrolled: they are named
    only with ``guard`` more of both, score and margin. Raises ``ValueError`` for numbers that no
    decision can follow.
    """

    threshold: float
    grey_band: float = 0.05
    min_margin: float = 0.05
    floors: QualityFloors = PROBE_FLOORS
    guarded: frozenset[str] = frozenset()
    guard: float = 0.05

    def __post_init__(self) -> None:
        if not (math.isfinite(self.threshold) and -1.0 < self.threshold <= 1.0):
            raise ValueError(
                f"threshold is {self.threshold}; a cosine above -1, at most 1, is needed."
            )
        for name, value in (
            ("grey_band", self.grey_band),
            ("min_margin", self.min_margin),
            ("guard", self.guard),
        ):
            if not 0.0 <= value <= 2.0:
                raise ValueError(f"{name} is {value}; a cosine difference from 0 to 2 is needed.")

    def stricter_by(self, offset: float) -> DecisionPolicy:
        """As it decides at a camera with this ``offset``; below 0 it is more lenient."""
        if not offset:
            return self
        threshold = min(max(self.threshold + offset, -_HIGHEST), _HIGHEST)
        return replace(self, threshold=threshold)
