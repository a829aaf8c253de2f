"""Why a day has the minutes that it has, in sentences: the stored figures beside the rules that
made them. Nothing is computed anew, so that what is said is what was stored.

Public surface: ``Line``, ``explain``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from portal.attendance.engine import Flag, Status
from portal.attendance.models import AttendanceDay
from portal.attendance.selectors.time_card import CardSession
from portal.attendance.words import hours_minutes, minutes_in_words, status_word, wall_time
from portal.schedules.models import PolicyVersion, ShiftVersion

__all__ = ["Line", "explain"]

_MINUTE = timedelta(minutes=1)
_ROUND_WORDS = {
    PolicyVersion.RoundMode.NEAREST: "to the nearest",
    PolicyVersion.RoundMode.UP: "up to the next",
    PolicyVersion.RoundMode.DOWN: "down to the last",
}


class Line(NamedTuple):
    """One figure of a day, and the sentences behind it."""

    label: str
    value: str
    text: str


def explain(
    day: AttendanceDay,
    sessions: Sequence[CardSession],
    *,
    is_excused: bool = False,
    has_unsure: bool = False,
) -> tuple[Line, ...]:
    """``is_excused``: an approved correction forgives coming late and leaving early.
    ``has_unsure``: a punch near the day waits for its name to be confirmed."""
    told = _Told(day, sessions, is_excused, has_unsure)
    return (
        Line("Status", status_word(day.status).label, told.status()),
        Line("Worked", hours_minutes(day.worked_min), told.worked()),
        Line("Payable", hours_minutes(day.payable_min), told.payable()),
        Line("Late", hours_minutes(day.late_min), told.late()),
        Line("Left early", hours_minutes(day.early_min), told.early()),
        Line("Overtime", hours_minutes(day.overtime_min), told.overtime()),
    )


class _Told:
    def __init__(
        self,
        day: AttendanceDay,
        sessions: Sequence[CardSession],
        is_excused: bool,
        has_unsure: bool,
    ) -> None:
        self._day = day
        self._sessions = sessions
        self._is_excused = is_excused
        self._has_unsure = has_unsure
        self._policy: PolicyVersion | None = day.policy
        self._shift: ShiftVersion | None = day.shift
        self._flags = frozenset(day.flags)

    def status(self) -> str:
        status = self._day.status
        if self._has_unsure and status in {Status.PENDING, Status.PROVISIONAL}:
            seen = "Nobody was seen for sure" if status == Status.PENDING else "Came and left"
            return f"{seen}, but a name waits to be confirmed: until then nothing is certain."
        said = status_word(status).meaning
        if status == Status.PENDING and self._day.window_end is not None:
            until = self._at("window_end")
            return f"{said} Absent is said only when all of them have reported to {until}."
        return said

    def worked(self) -> str:
        day = self._day
        if not self._sessions:
            if day.first_in is not None:
                return f"Came {self._at('first_in')}; minutes count once a leaving is known."
            if day.last_out is not None:
                return f"Left {self._at('last_out')}; minutes count once a coming is known."
            return "Nobody was seen, so there are no minutes."
        spans = [
            f"{self._wall(each.start)} to {self._wall(each.end)} is "
            f"{minutes_in_words(each.minutes)}"
            for each in self._sessions
        ]
        text = f"{'; '.join(spans)}."
        if Flag.AUTO_CLOSED in self._flags:
            text += " No leaving was seen: the policy closed the day at the end of the shift."
        return f"{text}{self._break()}"

    def _break(self) -> str:
        present = sum(each.minutes for each in self._sessions)
        off = present - self._day.worked_min
        policy = self._policy
        if policy is None or off <= 0:
            return ""
        if policy.break_start is not None and policy.break_end is not None:
            why = f"the break is from {policy.break_start:%H:%M} to {policy.break_end:%H:%M}"
        else:
            why = (
                f"{minutes_in_words(policy.break_min)} of break are owed from "
                f"{minutes_in_words(policy.break_after_min)} on, less what was taken"
            )
        return f" {minutes_in_words(off)} are taken off: {why}."

    def payable(self) -> str:
        day, policy = self._day, self._policy
        if not day.worked_min:
            return "Nothing was worked, so nothing is payable."
        parts = []
        if day.start is None or day.end is None:
            parts.append("There was no shift to keep to: all that was worked is payable.")
        else:
            before = self._sessions and self._sessions[0].start < day.start
            after = self._sessions and self._sessions[-1].end > day.end
            hours = f"{self._at('start')} to {self._at('end')}"
            if before and policy is not None and policy.count_early:
                parts.append(f"This policy counts work before {self._at('start')} as well.")
            elif before or after:
                parts.append(f"Of it only work from {hours}, the hours of the shift, counts.")
            else:
                parts.append(f"All of it lies within the hours of the shift, {hours}.")
            if after:
                parts.append(f"Work after {self._at('end')} can be overtime.")
        if policy is not None and policy.round_unit_min:
            way = _ROUND_WORDS[PolicyVersion.RoundMode(policy.round_mode)]
            parts.append(f"Rounded {way} {minutes_in_words(policy.round_unit_min)}.")
        return " ".join(parts)

    def late(self) -> str:
        day, policy = self._day, self._policy
        reason = self._owes_no_punctuality()
        if reason:
            return reason
        if day.first_in is None:
            return "No coming was seen, so lateness is not known."
        if day.start is None or policy is None:
            return "There was no shift to be late for."
        return self._late(day.first_in - day.start, minutes_in_words(policy.grace_late_min))

    def _late(self, after: timedelta, grace: str) -> str:
        said = f"Came {self._at('first_in')}, the shift began {self._at('start')}"
        if self._day.late_min:
            return (
                f"{said}, and grace is {grace}: whoever is later than that is late from the "
                "beginning of the shift."
            )
        if after <= timedelta(0):
            return f"Came {self._at('first_in')}, in time for {self._at('start')}."
        if self._is_excused:
            return f"{said}. This was excused."
        return f"{said}: within the grace of {grace}."

    def early(self) -> str:
        day, policy = self._day, self._policy
        if self._shift is not None and self._shift.flexible_minutes is not None:
            return self._flexible(self._shift.flexible_minutes)
        reason = self._owes_no_punctuality()
        if reason:
            return reason
        if day.last_out is None:
            return "No leaving was seen, so leaving early is not known."
        if day.end is None or policy is None:
            return "There was no shift to leave early."
        return self._early(day.end - day.last_out, minutes_in_words(policy.grace_early_min))

    def _early(self, before: timedelta, grace: str) -> str:
        if Flag.AUTO_CLOSED in self._flags:
            return "The policy closed the day: nobody knows when they left."
        said = f"Left {self._at('last_out')}, the shift ended {self._at('end')}"
        if self._day.early_min:
            return f"{said}, and grace is {grace}."
        if before <= timedelta(0):
            return f"Left {self._at('last_out')}, not before the end at {self._at('end')}."
        if self._is_excused:
            return f"{said}. This was excused."
        return f"{said}: within the grace of {grace}."

    def overtime(self) -> str:
        day, policy = self._day, self._policy
        if Flag.AUTO_CLOSED in self._flags:
            return "None where the policy closed the day."
        if not self._sessions:
            return "No time worked is known, so no overtime either."
        if day.end is None:
            return "All work without a shift is overtime."
        if Flag.WORKED_ON_HOLIDAY in self._flags:
            return "All work on a holiday is overtime."
        if policy is None:
            return "No policy says when overtime begins."
        return self._overtime(day.end, policy)

    def _overtime(self, end: datetime, policy: PolicyVersion) -> str:
        rule = (
            f"overtime is counted from {minutes_in_words(policy.overtime_after_min)} on, in whole "
            f"units of {minutes_in_words(policy.overtime_unit_min)}"
        )
        if self._shift is not None and self._shift.flexible_minutes is not None:
            owed = minutes_in_words(self._shift.flexible_minutes)
            return f"What is worked beyond {owed} can be: {rule}."
        last = self._sessions[-1].end
        if last <= end:
            return f"Nothing was worked after {self._at('end')}."
        past = minutes_in_words((last - end) // _MINUTE)
        return f"Left {past} after {self._at('end')}: {rule}."

    def _owes_no_punctuality(self) -> str:
        if self._day.start is None:
            return "There was no shift."
        if self._shift is not None and self._shift.flexible_minutes is not None:
            return "The hours are flexible: nobody comes late or leaves early."
        if self._flags & {Flag.WORKED_ON_HOLIDAY, Flag.WORKED_ON_LEAVE}:
            return "Nothing was owed on this date."
        if self._day.status in {Status.ON_LEAVE, Status.HOLIDAY}:
            return "Nothing was owed on this date."
        return ""

    def _flexible(self, owed: int) -> str:
        said = f"{minutes_in_words(owed)} are owed within the day"
        if self._day.early_min:
            return f"{said}, and {minutes_in_words(self._day.early_min)} of them are missing."
        return f"{said}; none is known to be missing."

    def _at(self, field: str) -> str:
        return self._wall(getattr(self._day, field))

    def _wall(self, at: datetime) -> str:
        return wall_time(at, self._day.zone, on=self._day.work_date)
