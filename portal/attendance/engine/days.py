"""A person's days: the ten steps in their order. Public surface: ``attendance_days``, ``MARGIN``."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta

from portal.attendance.engine.allotment import Row, allot
from portal.attendance.engine.fingerprint import inputs_hash
from portal.attendance.engine.inputs import PersonInputs
from portal.attendance.engine.minutes import Due, Minutes, measure
from portal.attendance.engine.occurrences import Occurrence, dates_between, occurrences_between
from portal.attendance.engine.pairing import Presence, pair
from portal.attendance.engine.punches import punches_of
from portal.attendance.engine.results import Day
from portal.attendance.engine.verdict import Facts, Phase, judge
from portal.attendance.engine.words import CorrectionKind, LeavePart, Source

__all__ = ["MARGIN", "attendance_days"]

# Punches of so many dates before the first and after the last have a say in what a day is.
MARGIN = timedelta(days=2)
_HALVES = {LeavePart.AM, LeavePart.PM}


def attendance_days(inputs: PersonInputs, *, first: date, last: date) -> tuple[Day, ...]:
    """The rows of the dates from ``first`` to ``last``, by date, shifts before other work.

    Pure: the same inputs give the same days, in whatever order the sightings came and however
    often they were repeated. Give it the sightings from ``first`` - ``MARGIN`` to ``last`` +
    ``MARGIN``.
    """
    occurrences = occurrences_between(inputs.schedule, first - MARGIN, last + MARGIN)
    scheduled, unscheduled = allot(punches_of(inputs), occurrences, inputs)
    by_date: dict[date, list[Row]] = defaultdict(list)
    for row in (*scheduled, *unscheduled):
        by_date[row.work_date].append(row)
    calendar = _Calendar(inputs)
    days: list[Day] = []
    for day in dates_between(first, last):
        rows = by_date.get(day)
        if rows:
            days.extend(calendar.day_of(row, number) for number, row in enumerate(rows, start=1))
        elif inputs.schedule.shifts_on(day) == ():
            days.append(calendar.free_day(day))
    return tuple(days)


class _Calendar:
    """The dates of one person: leave, holidays, excuses, the clock."""

    def __init__(self, inputs: PersonInputs) -> None:
        self._inputs = inputs
        self._leave: dict[date, set[LeavePart]] = defaultdict(set)
        for leave in inputs.leaves:
            self._leave[leave.date].add(leave.part)
        self._excused = {
            each.date for each in inputs.corrections if each.kind is CorrectionKind.EXCUSE
        }

    def free_day(self, day: date) -> Day:
        """A date of somebody who is assigned, on which nothing is worked."""
        row = Row(day, self._inputs.schedule.policy_near(day))
        return self._day(row, 1, None, Phase(True, True, True, True), window=None)

    def day_of(self, row: Row, number: int) -> Day:
        if row.occurrence is not None:
            return self._day_of_shift(row, row.occurrence, number)
        start = row.punches[0].first
        window = (start, start + row.longest)
        phase = self._phase(start, start, window)
        return self._day(row, number, None, phase, window=window)

    def _day_of_shift(self, row: Row, occurrence: Occurrence, number: int) -> Day:
        due = self._due(occurrence)
        window = (occurrence.window_start, occurrence.window_end)
        phase = self._phase(due.start, due.end, window)
        return self._day(row, number, due, phase, window=window)

    def _due(self, occurrence: Occurrence) -> Due:
        day, shift = occurrence.work_date, occurrence.shift
        start, end, flexible = occurrence.start, occurrence.end, shift.flexible_minutes
        half = self._half(day)
        if half is not None and flexible is not None:
            flexible //= 2
        elif half is LeavePart.AM:
            start += (end - start) / 2
        elif half is LeavePart.PM:
            end -= (end - start) / 2
        return Due(
            occurrence=occurrence,
            start=start,
            end=end,
            flexible=flexible,
            is_free=day in self._inputs.holidays,
            is_excused=day in self._excused or self._is_full_leave(day),
        )

    def _day(
        self,
        row: Row,
        number: int,
        due: Due | None,
        phase: Phase,
        *,
        window: tuple[datetime, datetime] | None,
    ) -> Day:
        day, policy = row.work_date, row.policy
        facts = Facts(
            has_shift=due is not None,
            is_full_leave=self._is_full_leave(day),
            is_half_leave=self._half(day) is not None,
            is_holiday=day in self._inputs.holidays,
            has_strays=bool(row.strays),
            is_corrected=day in self._excused
            or any(punch.source is Source.MANUAL for punch in row.punches),
        )
        closes_at = _closes_at(row, due, phase)
        presence = _presence(row, closes_at)
        minutes = measure(presence, due, policy) if presence is not None else Minutes()
        status, flags = judge(presence, facts, phase, policy, minutes.worked)
        occurrence = row.occurrence
        zone = self._inputs.zone if occurrence is None else occurrence.shift.zone
        punches = tuple(row.punches)
        if row.strays:
            punches = tuple(sorted((*punches, *row.strays), key=lambda punch: punch.first))
        return Day(
            work_date=day,
            occurrence_no=number,
            zone=zone,
            shift=None if occurrence is None else occurrence.shift.name,
            status=status,
            start=None if due is None else due.start,
            end=None if due is None else due.end,
            window_start=None if window is None else window[0],
            window_end=None if window is None else window[1],
            first_in=None if presence is None else presence.first_in,
            last_out=None if presence is None else presence.last_out,
            worked_min=minutes.worked,
            payable_min=minutes.payable,
            late_min=minutes.late,
            early_min=minutes.early,
            overtime_min=minutes.overtime,
            flags=flags,
            sessions=() if presence is None else presence.sessions,
            punches=punches,
            strays=tuple(row.strays),
            inputs_hash=inputs_hash(
                (
                    day.toordinal(),
                    number,
                    zone.key,
                    policy.identity if occurrence is None else occurrence.shift.identity,
                    *(() if due is None else (due.start.timestamp(), due.end.timestamp())),
                    *(() if due is None else (due.is_excused, due.flexible)),
                    *(() if window is None else (at.timestamp() for at in window)),
                    *(() if closes_at is None else ("closes", closes_at.timestamp())),
                    facts.mark,
                    phase.mark,
                ),
                punches,
                strays=len(row.strays),
            ),
        )

    def _phase(self, start: datetime, end: datetime, window: tuple[datetime, datetime]) -> Phase:
        inputs = self._inputs
        mark = inputs.watermark
        if any(window[0] <= at <= window[1] for at in inputs.unsure):
            mark = None
        return Phase.at(inputs.now, mark, start=start, end=end, window_end=window[1])

    def _half(self, day: date) -> LeavePart | None:
        parts = self._leave.get(day)
        if parts is None or self._is_full_leave(day):
            return None
        return next(iter(parts))

    def _is_full_leave(self, day: date) -> bool:
        parts = self._leave.get(day, set())
        return LeavePart.FULL in parts or parts >= _HALVES


def _closes_at(row: Row, due: Due | None, phase: Phase) -> datetime | None:
    """Where the policy ends a day that nobody was seen to end; None where it does not.

    It hangs on punches of other rows, so it has to be part of the hash.
    """
    if due is None or not (row.policy.auto_close and phase.is_window_over):
        return None
    return min(due.end, row.seen_elsewhere_at or due.end)


def _presence(row: Row, closes_at: datetime | None) -> Presence | None:
    """None where nobody was seen. What no punch says, only the policy may add, and it says so."""
    if not row.punches:
        return None
    presence = pair(row.punches, pairing=row.policy.pairing, longest=row.longest)
    opened = presence.open_since
    if opened is None or closes_at is None:
        return presence
    if timedelta(0) < closes_at - opened.first <= row.longest:
        return presence.closed_at(closes_at, opened)
    return presence
