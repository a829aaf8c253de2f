"""Geometry of a threshold with its grey band on the scale of similarities, from 0 to 1.

Public surface: ``RuleLine``, ``rule_line``. Percentages are strings with a point, as in ``scores``.
"""

from __future__ import annotations

from dataclasses import dataclass

from portal.ui.scores import percentage

__all__ = ["RuleLine", "rule_line"]


@dataclass(frozen=True, slots=True)
class RuleLine:
    """Where the line stands, and the band before it in which a person is asked."""

    at: str
    band_from: str
    band_width: str


def rule_line(threshold: float, grey_band: float) -> RuleLine:
    low = max(0.0, threshold - grey_band)
    return RuleLine(percentage(threshold), percentage(low), percentage(threshold - low))
