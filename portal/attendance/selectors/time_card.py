"""One person's month: every date with its shifts, minutes and what is odd, and what it comes to.

Public surface: ``CardDate``, ``CardRow``, ``CardSession``, ``CardWeek``, ``TimeCard``,
``flags_beside``, ``sessions_of``, ``time_card``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import Sum

from portal.attendance.clock_changes import change_on, change_within
from portal.attendance.models import Adjustment, AttendanceDay, Correction, DayException
from portal.attendance.months import Month
from portal.attendance.selectors.whose import Whose
from portal.attendance.totals import Totals

__all__ = [
    "CardDate",
    "CardRow",
    "CardSession",
    "CardWeek",
    "TimeCard",
    "flags_beside",
    "sessions_of",
    "time_card",
]


class CardSession(NamedTuple):
    start: datetime
    end: datetime
    minutes: int


@dataclass(frozen=True, slots=True)
class CardRow:
    """A shift of a date, or work without one. ``clock_note`` says what a change of the clocks did
    to it; ``exceptions`` are the open ones; ``off_by_min`` is what was settled wrongly."""

    day: AttendanceDay
    sessions: tuple[CardSession, ...]
    exceptions: tuple[DayException, ...]
    clock_note: str
    off_by_min: int

    @property
    def flags(self) -> tuple[str, ...]:
        """Those that no exception says as well."""
        return flags_beside(self.day, self.exceptions)

    @property
    def remarks(self) -> tuple[DayException, ...]:
        """The exceptions that the status does not say already."""
        return tuple(each for each in self.exceptions if each.kind != self.day.status)


@dataclass(frozen=True, slots=True)
class CardDate:
    date: date
    rows: tuple[CardRow, ...]
    corrections: tuple[Correction, ...]
    is_today: bool
    is_in_month: bool
    clock_note: str

    @property
    def has_note(self) -> bool:
        return bool(self.clock_note) or any(row.clock_note for row in self.rows)


@dataclass(frozen=True, slots=True)
class CardWeek:
    """From Monday to Sunday; ``totals`` are of its dates within the month, so that weeks add up
    to the month."""

    number: int
    dates: tuple[CardDate, ...]
    totals: Totals


@dataclass(frozen=True, slots=True)
class TimeCard:
    whose: Whose
    month: Month
    weeks: tuple[CardWeek, ...]
    totals: Totals

    @property
    def dates(self) -> tuple[CardDate, ...]:
        return tuple(each for week in self.weeks for each in week.dates if each.is_in_month)

    @property
    def is_empty(self) -> bool:
        return not any(each.rows for each in self.dates)

    @property
    def has_early(self) -> bool:
        return self.totals.early_min > 0


def time_card(whose: Whose, month: Month, *, today: date) -> TimeCard:
    """Four queries."""
    dates = (month.first, month.last)
    days: dict[date, list[AttendanceDay]] = defaultdict(list)
    found = AttendanceDay.objects.filter(person=whose.person, work_date__range=dates)
    for day in found.select_related("shift__shift").order_by("work_date", "occurrence_no"):
        days[day.work_date].append(day)
    exceptions = _exceptions(whose, month)
    off_by = _off_by(whose, month)
    corrections: dict[date, list[Correction]] = defaultdict(list)
    for correction in Correction.objects.filter(
        person=whose.person, work_date__range=dates
    ).order_by("id"):
        corrections[correction.work_date].append(correction)

    def row_of(day: AttendanceDay) -> CardRow:
        key = (day.work_date, day.occurrence_no)
        return CardRow(
            day,
            sessions_of(day),
            tuple(exceptions.get(key, ())),
            change_within(day.start, day.end, day.zone),
            off_by.get(key, 0),
        )

    def date_of(at: date) -> CardDate:
        is_in_month = month.first <= at <= month.last
        return CardDate(
            at,
            tuple(row_of(day) for day in days.get(at, ())),
            tuple(corrections.get(at, ())),
            is_today=at == today,
            is_in_month=is_in_month,
            clock_note=change_on(at, whose.zone) if is_in_month else "",
        )

    weeks = []
    for week in month.weeks():
        of_week = tuple(date_of(at) for at in week)
        totals = Totals.of(row.day for each in of_week for row in each.rows)
        weeks.append(CardWeek(week[0].isocalendar().week, of_week, totals))
    total = Totals()
    for each in weeks:
        total.merge(each.totals)
    return TimeCard(whose, month, tuple(weeks), total)


def sessions_of(day: AttendanceDay) -> tuple[CardSession, ...]:
    return tuple(
        CardSession(
            datetime.fromisoformat(each["start"]),
            datetime.fromisoformat(each["end"]),
            int(each["minutes"]),
        )
        for each in day.sessions
    )


def flags_beside(day: AttendanceDay, exceptions: Iterable[DayException]) -> tuple[str, ...]:
    said = {each.kind for each in exceptions}
    return tuple(flag for flag in day.flags if flag not in said)


def _exceptions(whose: Whose, month: Month) -> dict[tuple[date, int], Sequence[DayException]]:
    found: dict[tuple[date, int], list[DayException]] = defaultdict(list)
    for each in DayException.objects.filter(
        person=whose.person,
        work_date__range=(month.first, month.last),
        state=DayException.State.OPEN,
    ).order_by("id"):
        found[each.work_date, each.occurrence_no].append(each)
    return dict(found)


def _off_by(whose: Whose, month: Month) -> dict[tuple[date, int], int]:
    rows = (
        Adjustment.objects.filter(person=whose.person, work_date__range=(month.first, month.last))
        .order_by()
        .values_list("work_date", "occurrence_no")
        .annotate(off_by=Sum("payable_delta_min"))
    )
    return {(work_date, number): off_by for work_date, number, off_by in rows}
