"""Geometry of small charts: bars by height, and shares of a whole, as SVG attributes.

Public surface: ``Bar``, ``bars``. Numbers are strings with a point, whatever the language of the
page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Bar", "bars"]

_PITCH: Final = 10.0
_WIDTH: Final = 8.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle in a view box that is ten units wide for each bar."""

    value: int
    x: str
    y: str
    width: str
    height: str


def bars(values: Sequence[int], *, height: float, least: float = 1.5) -> tuple[Bar, ...]:
    """The largest value reaches the top; what is not zero is at least ``least`` units high, so
    that one face can be told from none."""
    top = max(values, default=0)
    drawn = []
    for number, value in enumerate(values):
        tall = max(least, height * value / top) if value else 0.0
        drawn.append(
            Bar(
                value,
                x=f"{number * _PITCH + (_PITCH - _WIDTH) / 2:g}",
                y=f"{height - tall:.2f}",
                width=f"{_WIDTH:g}",
                height=f"{tall:.2f}",
            )
        )
    return tuple(drawn)
