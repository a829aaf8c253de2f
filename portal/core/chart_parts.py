"""What every chart of the portal is drawn from: strings in the units of one view box.

Public surface: ``Tick``, ``Series``, ``Point``, ``number``, ``WIDTH``, ``HEIGHT`` and the edges of
the plot (``LEFT``, ``RIGHT``, ``TOP``, ``BOTTOM``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = [
    "BOTTOM",
    "HEIGHT",
    "LEFT",
    "RIGHT",
    "TOP",
    "WIDTH",
    "Point",
    "Series",
    "Tick",
    "number",
]

WIDTH: Final = 640
HEIGHT: Final = 300
LEFT, RIGHT, TOP, BOTTOM = 110.0, 624.0, 26.0, 256.0


@dataclass(frozen=True, slots=True)
class Tick:
    at: str
    label: str


@dataclass(frozen=True, slots=True)
class Series:
    """A curve with its name; ``area`` is filled too. ``tone`` is one of the tokens' meanings."""

    name: str
    tone: str
    line: str
    area: str = ""
    is_dashed: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """Where pointer and arrow keys stop, and what is read out there."""

    x: str
    y: str
    words: str


def number(value: float) -> str:
    """A coordinate: a point, whatever the language of the page, and no more than needed."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
