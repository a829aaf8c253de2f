"""Steps 5 and 6: from a row's punches to sessions, and what to do with an open one.

Public surface: ``Presence``, ``pair``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.attendance.engine.results import Punch, Session
from portal.attendance.engine.words import Direction, Flag, Pairing

__all__ = ["Presence", "pair"]

_IN, _OUT = Direction.IN, Direction.OUT


@dataclass(frozen=True, slots=True)
class Presence:
    """When somebody was there. ``open_since`` came and has not left; ``lost_out`` came, left unseen
    and came again. ``first_in`` is None where only leaving was seen, ``last_out`` while open.
    """

    sessions: tuple[Session, ...]
    first_in: datetime | None
    last_out: datetime | None
    open_since: Punch | None = None
    lost_out: bool = False
    flags: frozenset[Flag] = frozenset()

    def closed_at(self, end: datetime, opened: Punch) -> Presence:
        """As it would be, had the open session ended then."""
        session = Session(opened.first, end, opened, None)
        return Presence(
            sessions=(*self.sessions, session),
            first_in=self.first_in,
            last_out=end,
            lost_out=self.lost_out,
            flags=self.flags | {Flag.AUTO_CLOSED},
        )


def pair(punches: Sequence[Punch], *, pairing: Pairing, longest: timedelta) -> Presence:
    """A session longer than ``longest`` cannot be closed by a punch."""
    if all(punch.direction is _OUT for punch in punches):
        return Presence(sessions=(), first_in=None, last_out=punches[-1].last)
    if pairing is Pairing.PAIRS:
        return _pairs(punches, longest)
    return _first_last(punches, longest)


def _first_last(punches: Sequence[Punch], longest: timedelta) -> Presence:
    flags = set()
    start = next(n for n, punch in enumerate(punches) if punch.direction is not _OUT)
    if start > 0:
        flags.add(Flag.OUT_BEFORE_IN)
    opened = punches[start]
    for punch in reversed(punches[start + 1 :]):
        if punch.direction is _IN:
            # Came back after the last leaving: the day is open again.
            break
        if punch.last - opened.first <= longest:
            session = Session(opened.first, punch.last, opened, punch)
            return Presence((session,), opened.first, punch.last, flags=frozenset(flags))
        flags.add(Flag.OUT_WITHOUT_IN)
    return Presence((), opened.first, None, open_since=opened, flags=frozenset(flags))


def _pairs(punches: Sequence[Punch], longest: timedelta) -> Presence:
    sessions: list[Session] = []
    flags = set()
    opened: Punch | None = None
    first_in: datetime | None = None
    lost_out = False
    for punch in punches:
        if opened is not None and punch.last - opened.first > longest:
            opened, lost_out = None, True
        if opened is None:
            if punch.direction is _OUT:
                flags.add(Flag.OUT_WITHOUT_IN)
                continue
            opened = punch
            first_in = first_in or punch.first
        elif punch.direction is _IN:
            flags.add(Flag.IN_WHILE_IN)
        else:
            sessions.append(Session(opened.first, punch.last, opened, punch))
            opened = None
    return Presence(
        sessions=tuple(sessions),
        first_in=first_in,
        last_out=sessions[-1].end if sessions and opened is None else None,
        open_since=opened,
        lost_out=lost_out,
        flags=frozenset(flags),
    )
