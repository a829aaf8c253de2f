"""Plans that most places begin with, offered where there is none yet.

Public surface: ``STARTERS``, ``STANDARD``, ``Starter``, ``StarterShift``, ``starter``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import Final

from portal.schedules.bars import DayBar, bar_of

__all__ = ["STANDARD", "STARTERS", "Starter", "StarterShift", "starter"]

# The policy that they go by: the defaults of the specification.
STANDARD: Final = "Standard"
_WEEK: Final = frozenset(range(5))
_EVERY_DAY: Final = frozenset(range(7))


@dataclass(frozen=True, slots=True, kw_only=True)
class StarterShift:
    name: str
    code: str
    colour: str
    start: time
    end: time
    days: frozenset[int] = _EVERY_DAY
    flexible_minutes: int | None = None

    @property
    def bar(self) -> DayBar:
        return bar_of(
            self.name, start=self.start, end=self.end, flexible_minutes=self.flexible_minutes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """``turns``: the codes of a rotation of its shifts, None for a day off."""

    key: str
    title: str
    text: str
    shifts: tuple[StarterShift, ...]
    turns: tuple[str | None, ...] = ()


_EARLY = StarterShift(name="Early", code="E", colour="amber", start=time(6), end=time(14))
_LATE = StarterShift(name="Late", code="L", colour="violet", start=time(14), end=time(22))
_NIGHT = StarterShift(name="Night", code="N", colour="blue", start=time(22), end=time(6))

STARTERS: Final = (
    Starter(
        key="day",
        title="Fixed day",
        text="The same hours from Monday to Friday.",
        shifts=(
            StarterShift(
                name="Day", code="D", colour="green", start=time(9), end=time(17), days=_WEEK
            ),
        ),
    ),
    Starter(
        key="early_late",
        title="Early and late",
        text="Two shifts, one after the other.",
        shifts=(_EARLY, _LATE),
        turns=("E",) * 5 + (None, None) + ("L",) * 5 + (None, None),
    ),
    Starter(
        key="night",
        title="Night",
        text="Ends the next morning; the day is that of its start.",
        shifts=(_NIGHT,),
    ),
    Starter(
        key="flexible",
        title="Flexible hours",
        text="Eight hours, whenever people like between the bounds. Nobody is late.",
        shifts=(
            StarterShift(
                name="Flexible",
                code="F",
                colour="teal",
                start=time(6),
                end=time(22),
                days=_WEEK,
                flexible_minutes=480,
            ),
        ),
    ),
    Starter(
        key="guard",
        title="24-hour guard",
        text="A whole day and night, then days off.",
        shifts=(StarterShift(name="Guard", code="G", colour="red", start=time(8), end=time(8)),),
        turns=("G", None, None),
    ),
    Starter(
        key="split",
        title="Split shift",
        text="Noon and evening, with free hours between: two shifts of one day.",
        shifts=(
            StarterShift(
                name="Split, noon", code="S1", colour="amber", start=time(10), end=time(14)
            ),
            StarterShift(
                name="Split, evening", code="S2", colour="violet", start=time(18), end=time(22)
            ),
        ),
    ),
    Starter(
        key="rotation",
        title="Rotation",
        text="Two early, two late, two nights, two days off, over and over.",
        shifts=(_EARLY, _LATE, _NIGHT),
        turns=("E", "E", "L", "L", "N", "N", None, None),
    ),
)


def starter(key: str) -> Starter | None:
    return next((each for each in STARTERS if each.key == key), None)
