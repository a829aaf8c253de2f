"""The geometry of a shift drawn on 24 hours, and of the times of a day on it.

Public surface: ``Block``, ``DayBar``, ``bar_of``, ``bar_of_times``. One unit is one minute.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from typing import Final

from portal.attendance.engine import BreakWindow
from portal.schedules.sentences import hours_in_words

__all__ = ["Block", "DayBar", "bar_of", "bar_of_times"]

_DAY: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Block:
    """``kind``: ``shift``, ``flexible``, ``break`` or ``work``; ``is_next`` lies after midnight."""

    kind: str
    x: int
    width: int
    is_next: bool = False


@dataclass(frozen=True, slots=True)
class DayBar:
    """``title`` is what a picture of it says. Blocks are in the order in which they are drawn."""

    title: str
    blocks: tuple[Block, ...]


def bar_of(
    name: str,
    *,
    start: time,
    end: time,
    flexible_minutes: int | None = None,
    break_window: BreakWindow | None = None,
) -> DayBar:
    kind = "shift" if flexible_minutes is None else "flexible"
    blocks = list(_blocks(kind, start, end))
    title = f"{name}: {hours_in_words(start, end, flexible_minutes)}"
    if break_window is not None:
        blocks += _blocks("break", break_window.start, break_window.end)
        title += f", break {break_window.start:%H:%M} to {break_window.end:%H:%M}"
    return DayBar(title, tuple(blocks))


def bar_of_times(bar: DayBar, sessions: Iterable[tuple[time, time]], *, words: str) -> DayBar:
    """The same with what was worked drawn on it."""
    worked = [block for start, end in sessions for block in _blocks("work", start, end)]
    return DayBar(f"{bar.title}. {words}", (*bar.blocks, *worked))


def _blocks(kind: str, start: time, end: time) -> Iterable[Block]:
    begins, ends = start.hour * 60 + start.minute, end.hour * 60 + end.minute
    if ends > begins:
        yield Block(kind, begins, ends - begins)
        return
    yield Block(kind, begins, _DAY - begins)
    if ends:
        yield Block(kind, 0, ends, is_next=True)
