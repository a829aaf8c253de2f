"""Step 9: the one status of a row and its flags. Public surface: ``Phase``, ``Facts``, ``judge``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.attendance.engine.pairing import Presence
from portal.attendance.engine.policy import Policy
from portal.attendance.engine.words import Flag, Status

__all__ = ["Facts", "Phase", "judge"]


@dataclass(frozen=True, slots=True)
class Phase:
    """What the clock and the cameras say about a row; it depends on them in no other way."""

    has_begun: bool
    is_over: bool
    is_window_over: bool
    is_known: bool

    @classmethod
    def at(
        cls,
        now: datetime,
        watermark: datetime | None,
        *,
        start: datetime,
        end: datetime,
        window_end: datetime,
    ) -> Phase:
        return cls(
            has_begun=now >= start,
            is_over=now >= end,
            is_window_over=now >= window_end,
            is_known=watermark is not None and watermark >= window_end,
        )

    @property
    def mark(self) -> str:
        return f"{self.has_begun:d}{self.is_over:d}{self.is_window_over:d}{self.is_known:d}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of a row beside its punches."""

    has_shift: bool
    is_full_leave: bool
    is_half_leave: bool
    is_holiday: bool
    has_strays: bool
    is_corrected: bool

    @property
    def mark(self) -> str:
        return (
            f"{self.has_shift:d}{self.is_full_leave:d}{self.is_half_leave:d}"
            f"{self.is_holiday:d}{self.has_strays:d}{self.is_corrected:d}"
        )


def judge(
    presence: Presence | None, facts: Facts, phase: Phase, policy: Policy, worked: int
) -> tuple[Status, tuple[Flag, ...]]:
    """``presence`` is None where nobody was seen; the flags come sorted."""
    flags: set[Flag] = set()
    if facts.has_strays:
        flags.add(Flag.OUTSIDE_WINDOW)
    if facts.is_corrected:
        flags.add(Flag.CORRECTED)
    if presence is None:
        return _unseen(facts, phase), tuple(sorted(flags))
    flags |= presence.flags
    if not facts.has_shift:
        flags.add(Flag.UNSCHEDULED)
    if facts.is_full_leave:
        flags.add(Flag.WORKED_ON_LEAVE)
    if facts.is_holiday:
        flags.add(Flag.WORKED_ON_HOLIDAY)
    if not _is_in_progress(presence, phase):
        flags |= _missing(presence)
    status = _seen(presence, facts, phase, policy, worked)
    if status is Status.ABSENT:
        flags.add(Flag.BELOW_MINIMUM)
    return status, tuple(sorted(flags))


def _unseen(facts: Facts, phase: Phase) -> Status:
    """The first that applies, in the order of the specification."""
    answers = (
        (facts.is_full_leave, Status.ON_LEAVE),
        (facts.is_holiday, Status.HOLIDAY),
        (not facts.has_shift, Status.DAY_OFF),
        (not phase.has_begun, Status.EXPECTED),
        (not phase.is_over, Status.NOT_ARRIVED),
        (not phase.is_known, Status.PENDING),
        (facts.is_half_leave, Status.HALF_LEAVE_ABSENT),
        (True, Status.ABSENT),
    )
    return next(status for applies, status in answers if applies)


def _seen(presence: Presence, facts: Facts, phase: Phase, policy: Policy, worked: int) -> Status:
    # The thresholds are about owed hours: nobody is absent from a day on which nothing was owed.
    is_owed = facts.has_shift and not facts.is_full_leave and not facts.is_holiday
    answers = (
        (_is_in_progress(presence, phase), Status.IN_PROGRESS),
        (bool(_missing(presence)), Status.INCOMPLETE),
        (not phase.is_known, Status.PROVISIONAL),
        (is_owed and worked < policy.absent_below_min, Status.ABSENT),
        (is_owed and worked < policy.half_day_below_min, Status.HALF_DAY),
        (is_owed and facts.is_half_leave, Status.HALF_LEAVE_PRESENT),
        (True, Status.PRESENT),
    )
    return next(status for applies, status in answers if applies)


def _is_in_progress(presence: Presence, phase: Phase) -> bool:
    return presence.open_since is not None and not phase.is_window_over


def _missing(presence: Presence) -> set[Flag]:
    if presence.first_in is None:
        return {Flag.MISSING_IN}
    if presence.open_since is not None or presence.lost_out:
        return {Flag.MISSING_OUT}
    return set()
