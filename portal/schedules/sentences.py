"""Rules in plain sentences, for people who know no field names.

Public surface: ``days_in_words``, ``duration``, ``hours_in_words``, ``policy_sentences``,
``turns_in_words``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import time
from itertools import groupby
from typing import Final

from portal.attendance.engine import Pairing, Policy, RoundMode

__all__ = [
    "days_in_words",
    "duration",
    "hours_in_words",
    "policy_sentences",
    "turns_in_words",
]

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_UNITS: Final = {1: "full minutes", 15: "quarter hours", 30: "half hours", 60: "full hours"}
_ROUNDED: Final = {
    RoundMode.NEAREST: "to the nearest",
    RoundMode.UP: "up to full",
    RoundMode.DOWN: "down to full",
}


def duration(minutes: int) -> str:
    """ "45 minutes", "8 hours", "7 hours 30 minutes"."""
    hours, rest = divmod(minutes, 60)
    parts = [_count(hours, "hour")] if hours else []
    if rest or not hours:
        parts.append(_count(rest, "minute"))
    return " ".join(parts)


def days_in_words(days: Collection[int]) -> str:
    """ "every day", "Mon–Fri", "Mon, Wed and Fri"."""
    chosen = sorted(set(days))
    if len(chosen) == len(_DAYS):
        return "every day"
    runs = []
    for _, group in groupby(enumerate(chosen), lambda pair: pair[1] - pair[0]):
        run = [day for _, day in group]
        # Two days in a row read better apart.
        if len(run) > 2:
            runs.append(f"{_DAYS[run[0]]}–{_DAYS[run[-1]]}")
        else:
            runs.extend(_DAYS[day] for day in run)
    return runs[0] if len(runs) == 1 else f"{', '.join(runs[:-1])} and {runs[-1]}"


def hours_in_words(start: time, end: time, flexible_minutes: int | None = None) -> str:
    """ "09:00 to 17:00", "22:00 to 06:00 the next day", "8 hours between 06:00 and 22:00"."""
    after = " the next day" if end <= start else ""
    if flexible_minutes is not None:
        return f"{duration(flexible_minutes)} between {start:%H:%M} and {end:%H:%M}{after}"
    if start == end:
        return f"24 hours from {start:%H:%M}"
    return f"{start:%H:%M} to {end:%H:%M}{after}"


def turns_in_words(codes: Sequence[str | None]) -> str:
    """ "E E L L – –": the days of a rotation by their codes, a dash for a day off."""
    return " ".join(code or "–" for code in codes)


def policy_sentences(policy: Policy) -> list[str]:
    return list(_sentences(policy))


def _sentences(policy: Policy) -> Iterator[str]:
    yield _grace(policy)
    yield _break(policy)
    yield _overtime(policy)
    yield (
        "Time before the start of a shift is paid too."
        if policy.count_early
        else "Time before the start of a shift is not paid."
    )
    if policy.round_unit_min:
        yield f"Paid time is rounded {_ROUNDED[policy.round_mode]} {duration(policy.round_unit_min)}."
    else:
        yield "Paid time is not rounded."
    if policy.half_day_below_min:
        yield f"Less than {duration(policy.half_day_below_min)} of work is half a day."
    if policy.absent_below_min:
        yield f"Less than {duration(policy.absent_below_min)} of work counts as absent."
    yield (
        "Work goes from the first coming to the last leaving."
        if policy.pairing is Pairing.FIRST_LAST
        else "Work goes from each coming to the leaving after it; time outside is no work."
    )
    yield (
        "Whoever is not seen leaving is taken to have left at the end of the shift, and the day "
        "says so."
        if policy.auto_close
        else "Whoever is not seen leaving has an incomplete day until somebody corrects it."
    )
    yield (
        f"Times belong to a shift from {duration(policy.early_in_min)} before it to "
        f"{duration(policy.late_out_min)} after it."
    )
    yield (
        f"Nobody works longer than {duration(policy.max_session_min)} at a stretch; a leaving "
        "after that closes nothing."
    )
    yield f"Faces seen again within {_count(policy.debounce_s, 'second')} are one time."


def _grace(policy: Policy) -> str:
    late, early = policy.grace_late_min, policy.grace_early_min
    if not late and not early:
        return "There is no grace: a minute late is late."
    if late == early:
        return f"{duration(late)} of grace for coming late, and as much for leaving early."
    return f"{duration(late)} of grace for coming late, {duration(early)} for leaving early."


def _break(policy: Policy) -> str:
    window = policy.break_window
    if window is not None:
        return f"The break from {window.start:%H:%M} to {window.end:%H:%M} is taken off."
    if not policy.break_min:
        return "No break is taken off."
    return (
        f"A break of {duration(policy.break_min)} is taken off after "
        f"{duration(policy.break_after_min)}, less any that was taken outside."
    )


def _overtime(policy: Policy) -> str:
    unit = policy.overtime_unit_min
    steps = _UNITS.get(unit, f"steps of {duration(unit)}")
    if not policy.overtime_after_min:
        return f"Overtime counts from the first minute, in {steps}."
    return f"Overtime counts from {duration(policy.overtime_after_min)} on, in {steps}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
