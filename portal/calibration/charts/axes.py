"""Axes of a chart: where a value lies, and which values are written beside the lines.

Public surface: ``Axis`` (``Linear``, ``Logarithmic``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Protocol

from portal.calibration.words import asked_one_in
from portal.core.chart_parts import Tick, number

__all__ = ["Axis", "Linear", "Logarithmic"]

_FEW: Final = 3


class Axis(Protocol):
    """``start`` and ``end`` are where the lowest and the highest value lie, in the view box."""

    def at(self, value: float) -> float: ...

    def ticks(self) -> tuple[Tick, ...]: ...


@dataclass(frozen=True, slots=True)
class Linear:
    """``unit`` multiplies what is written: 100 for per cent."""

    low: float
    high: float
    start: float
    end: float
    unit: float = 1.0
    suffix: str = ""
    most: int = 6

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)

    def ticks(self) -> tuple[Tick, ...]:
        span = self.high - self.low
        rough = span / self.most
        magnitude = 10.0 ** math.floor(math.log10(rough))
        step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= rough * (1 - 1e-9))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return tuple(
            Tick(number(self.at(k * step)), f"{k * step * self.unit:.10g}{self.suffix}")
            for k in range(first, last + 1)
        )


@dataclass(frozen=True, slots=True)
class Logarithmic:
    """Ticks at the powers of ten, between them where these are few. ``is_rate``: "1 in 100"."""

    low: float
    high: float
    start: float
    end: float
    is_rate: bool = False

    def at(self, value: float) -> float:
        floor = max(value, self.low)
        share = math.log(floor / self.low) / math.log(self.high / self.low)
        return self.start + min(1.0, share) * (self.end - self.start)

    def ticks(self) -> tuple[Tick, ...]:
        first = math.ceil(math.log10(self.low) - 1e-9)
        last = math.floor(math.log10(self.high) + 1e-9)
        values = [10.0**k for k in range(first, last + 1)]
        if len(values) < _FEW:
            steps = [m * 10.0**k for k in range(first - 1, last + 1) for m in (1, 2, 5)]
            values = [value for value in steps if self.low <= value <= self.high]
        if len(values) < 2:
            values = [self.low, self.high]
        return tuple(Tick(number(self.at(value)), self._label(value)) for value in values)

    def _label(self, value: float) -> str:
        if not self.is_rate:
            return f"{value:,.0f}"
        return asked_one_in(min(value, 1.0))
