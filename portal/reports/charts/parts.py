"""What a drawn report is made of. Public surface: ``Chart``, ``Field``, ``Scale``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from portal.core.chart_parts import BOTTOM, TOP, Point, Series, Tick, number

__all__ = ["Chart", "Field", "Scale"]

_STEPS: Final = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Field:
    """One cell of a map; ``level`` is from 0 to 8."""

    x: str
    y: str
    width: str
    height: str
    level: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """``title`` says the finding, ``summary`` how to read it. Its values are the report's rows."""

    key: str
    title: str
    summary: str
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    series: tuple[Series, ...] = ()
    points: tuple[Point, ...] = ()
    fields: tuple[Field, ...] = ()
    start: int = 0


@dataclass(frozen=True, slots=True)
class Scale:
    """Counts from 0 to at least ``top``, upwards."""

    top: float

    @property
    def _step(self) -> int:
        size = 1
        while True:
            for step in _STEPS:
                if self.top <= 5 * step * size:
                    return step * size
            size *= 10

    def at(self, value: float) -> float:
        whole = max(self._step, -(-self.top // self._step) * self._step)
        return BOTTOM - (BOTTOM - TOP) * value / whole

    def ticks(self) -> tuple[Tick, ...]:
        step = self._step
        count = max(1, int(-(-self.top // step)))
        return tuple(Tick(number(self.at(n * step)), f"{n * step:,}") for n in range(count + 1))
