"""A counted share with what it may really be. Public surface: ``Share``."""

from __future__ import annotations

from dataclasses import dataclass

from portal.calibration import words
from recognition.calibration.beta import upper_bound

__all__ = ["Share"]

# Two-sided: as much may be missed above as below.
_ONE_SIDE = 0.975


@dataclass(frozen=True, slots=True)
class Share:
    """``part`` of ``whole`` cases, with the exact 95 % interval (Clopper and Pearson)."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None

    @property
    def low(self) -> float:
        return 1.0 - upper_bound(self.whole - self.part, self.whole, confidence=_ONE_SIDE)

    @property
    def high(self) -> float:
        return upper_bound(self.part, self.whole, confidence=_ONE_SIDE)

    @property
    def said(self) -> str:
        """ "3 of 120 (2.5 %)"."""
        return words.counted(self.part, self.whole)

    @property
    def range(self) -> str:
        """ "0.51 % to 7.2 %"; empty where nothing was counted."""
        if not self.whole:
            return ""
        return f"{words.percent(self.low, worse='lower')} to {words.percent(self.high)}"
