"""Steps 7 and 8: from sessions to minutes. Public surface: ``Due``, ``Minutes``, ``measure``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from portal.attendance.engine.clock import MINUTE, whole_minutes
from portal.attendance.engine.occurrences import Occurrence
from portal.attendance.engine.pairing import Presence
from portal.attendance.engine.policy import Policy
from portal.attendance.engine.words import Flag, RoundMode

__all__ = ["Due", "Minutes", "measure"]

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Due:
    """What is owed on a date after leave and holidays: from ``start`` to ``end``, or of a flexible
    shift ``flexible`` minutes between them. ``is_free`` days owe nothing, so that all work on them
    is overtime; ``is_excused`` ones forgive coming late and leaving early.
    """

    occurrence: Occurrence
    start: datetime
    end: datetime
    flexible: int | None
    is_free: bool
    is_excused: bool


@dataclass(frozen=True, slots=True)
class Minutes:
    worked: int = 0
    payable: int = 0
    late: int = 0
    early: int = 0
    overtime: int = 0


def measure(presence: Presence, due: Due | None, policy: Policy) -> Minutes:
    """``due`` is None without a shift: nothing was owed, and all work is overtime."""
    spans = [(each.start, each.end) for each in presence.sessions]
    punched_break = sum(whole_minutes(after[0] - before[1]) for before, after in pairwise(spans))
    worked = _less_break(spans, punched_break, due, policy)
    payable = worked
    if due is not None:
        clipped = _clipped(spans, None if policy.count_early else due.start, due.end)
        # The break is owed on presence: cutting it to the shift's hours does not undo it.
        payable = min(worked, _less_break(clipped, punched_break, due, policy))
    late = early = 0
    if due is not None and not due.is_free and not due.is_excused:
        late = _late(presence, due, policy)
        if presence.last_out is not None and Flag.AUTO_CLOSED not in presence.flags:
            early = _early(presence.last_out, presence, worked, due, policy)
    return Minutes(
        worked=worked,
        payable=_rounded(payable, policy),
        late=late,
        early=early,
        overtime=_overtime(presence, spans, worked, due, policy),
    )


def _less_break(spans: list[Span], punched: int, due: Due | None, policy: Policy) -> int:
    present = sum(whole_minutes(end - start) for start, end in spans)
    if due is not None and due.occurrence.break_start is not None:
        return present - sum(
            whole_minutes(end - start)
            for start, end in _clipped(spans, due.occurrence.break_start, due.occurrence.break_end)
        )
    if policy.break_min and present >= policy.break_after_min:
        return max(0, present - max(0, policy.break_min - punched))
    return present


def _clipped(spans: list[Span], low: datetime | None, high: datetime | None) -> list[Span]:
    kept = []
    for start, end in spans:
        begins, ends = max(start, low or start), min(end, high or end)
        if begins < ends:
            kept.append((begins, ends))
    return kept


def _rounded(minutes: int, policy: Policy) -> int:
    unit = policy.round_unit_min
    if not unit:
        return minutes
    if policy.round_mode is RoundMode.DOWN:
        return minutes // unit * unit
    if policy.round_mode is RoundMode.UP:
        return -(-minutes // unit) * unit
    return (2 * minutes + unit) // (2 * unit) * unit


def _late(presence: Presence, due: Due, policy: Policy) -> int:
    """Counted from the start, not from the end of grace."""
    if due.flexible is not None or presence.first_in is None:
        return 0
    after = presence.first_in - due.start
    return whole_minutes(after) if after > policy.grace_late_min * MINUTE else 0


def _early(last_out: datetime, presence: Presence, worked: int, due: Due, policy: Policy) -> int:
    """Minutes begun before the end; of a flexible shift the minutes that are missing, which are
    known only where no end of a session is missing.
    """
    if due.flexible is not None:
        is_known = presence.first_in is not None and not presence.lost_out
        return max(0, due.flexible - worked) if is_known else 0
    before = due.end - last_out
    return -whole_minutes(-before) if before > policy.grace_early_min * MINUTE else 0


def _overtime(
    presence: Presence, spans: list[Span], worked: int, due: Due | None, policy: Policy
) -> int:
    if Flag.AUTO_CLOSED in presence.flags:
        return 0
    if due is None or due.is_free:
        return worked
    if due.flexible is not None:
        extra = max(0, worked - due.flexible)
    else:
        after = _clipped(spans, due.end, None)
        extra = min(worked, sum(whole_minutes(end - start) for start, end in after))
    if extra < policy.overtime_after_min:
        return 0
    return extra // policy.overtime_unit_min * policy.overtime_unit_min
