"""Rules that the engine could compute with and that nobody means.

Public surface: ``check_policy``, ``check_break``, ``check_hours``, ``minutes_between``. Each raises
``DomainError`` whose ``data`` names the field.
"""

from __future__ import annotations

from datetime import time

from portal.attendance.engine import Policy
from portal.core.errors import DomainError

__all__ = ["check_break", "check_hours", "check_policy", "minutes_between"]

_DAY_MIN = 24 * 60


def minutes_between(start: time, end: time) -> int:
    """By the clock on the wall; an end that is not after the start lies on the next date."""
    minutes = (end.hour - start.hour) * 60 + end.minute - start.minute
    return minutes if minutes > 0 else minutes + _DAY_MIN


def check_policy(rules: Policy) -> None:
    window = rules.break_window
    if window is not None and window.start == window.end:
        _refuse("break_end", "policy.break", "The break ends when it begins. Give a later end.")
    if window is not None and rules.break_min:
        _refuse(
            "break_min",
            "policy.break",
            "There is a break at a fixed time already, and nobody has a second one. Leave one of "
            "the two out.",
        )
    if rules.break_min > rules.break_after_min:
        _refuse(
            "break_min",
            "policy.break",
            f"A break of {rules.break_min} minutes cannot be taken off after "
            f"{rules.break_after_min} minutes of work. Make the break shorter, or let it be "
            "taken off later.",
        )
    if rules.half_day_below_min and rules.absent_below_min >= rules.half_day_below_min:
        _refuse(
            "half_day_below_min",
            "policy.thresholds",
            f"Below {rules.absent_below_min} minutes a day counts as absent already, so none "
            f"below {rules.half_day_below_min} would ever be half a day. Raise this, or lower the "
            "other.",
        )


def check_break(policy: Policy, *, start: time, end: time, shift_name: str) -> None:
    """A break at a fixed time must lie within the shift. Raises ``policy.break_outside``."""
    window = policy.break_window
    if window is None:
        return
    length = minutes_between(start, end)
    begins = minutes_between(start, window.start) % _DAY_MIN
    if begins + minutes_between(window.start, window.end) > length:
        _refuse(
            "break_start",
            "policy.break_outside",
            f"The break from {window.start:%H:%M} to {window.end:%H:%M} lies outside “{shift_name}” "
            f"({start:%H:%M} to {end:%H:%M}). Move it into the shift, or give that shift a policy "
            "of its own.",
        )


def check_hours(
    *, start: time, end: time, days: frozenset[int], flexible_minutes: int | None, is_24_h: bool
) -> None:
    """Equal times are 24 hours, which has to be meant."""
    if start == end and not is_24_h:
        _refuse(
            "end",
            "shift.length",
            "This shift begins and ends at the same time: it would last 0 hours. Change one of the "
            "times, or say that it lasts 24 hours.",
        )
    if start != end and is_24_h:
        _refuse(
            "end",
            "shift.length",
            f"From {start:%H:%M} to {end:%H:%M} is not 24 hours. Give the same time twice, or do "
            "not tick “24 hours”.",
        )
    if not days:
        _refuse("days", "shift.days", "Choose at least one day of the week.")
    length = minutes_between(start, end)
    if flexible_minutes is not None and flexible_minutes > length:
        _refuse(
            "flexible_minutes",
            "shift.length",
            f"{flexible_minutes / 60:g} hours cannot be worked between {start:%H:%M} and "
            f"{end:%H:%M}, which is {length / 60:g} hours. Ask for fewer, or widen the bounds.",
        )


def _refuse(field: str, code: str, message: str) -> None:
    raise DomainError(message, code=code, data={"field": field})
