"""The rows of the roster as HTML: a template would take longer for sixty thousand cells than all
the rest of the page, and equal cells are made once. What a cell says in words is put together by
``roster-planner.js`` when somebody gets there. Public surface: ``day_kinds``, ``RowMaker``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from typing import Final

from django.utils.html import escape
from django.utils.safestring import SafeString

from portal.schedules.models import Leave
from portal.schedules.selectors.roster import RosterRow, WeekSum
from portal.schedules.selectors.roster_cells import Cell, Origin, WorkedShift

__all__ = ["RowMaker", "day_kinds", "hours"]

_SATURDAY: Final = 5
# Of the cell's class; no letter for a day that nobody plans.
_ORIGINS: Final = {
    Origin.OVERRIDE: "o",
    Origin.PERSON: "p",
    Origin.DEPARTMENT: "d",
    Origin.SITE: "s",
    Origin.EVERYBODY: "a",
    Origin.NOTHING: "",
}
_PARTS: Final = {
    Leave.Part.FULL: "",
    Leave.Part.AM: ", first half",
    Leave.Part.PM: ", second half",
}


def day_kinds(days: Sequence[date], *, today: date) -> list[tuple[date, str]]:
    return [(day, _kind(day, today)) for day in days]


class RowMaker:
    """Makes rows for these days. End tags that HTML lets out are let out, and everything that
    people wrote is escaped."""

    def __init__(self, days: Sequence[date], *, today: date) -> None:
        self._days = days
        self._kinds = [_kind(day, today) for day in days]
        self._made: dict[tuple[Cell, str, int], str] = {}

    def row(self, row: RosterRow) -> SafeString:
        rests = {each.day: each.minutes for each in row.rests}
        name, below = escape(row.person.name), escape(_below(row))
        parts = [
            f'<tr data-person="{row.person.pk}"><th scope=row><span>{name}</span><small>{below}</small>'
        ]
        for day, cell, kind in zip(self._days, row.cells, self._kinds, strict=True):
            key = (cell, kind, rests.get(day, -1))
            if key not in self._made:
                self._made[key] = _cell(*key)
            parts.append(self._made[key])
        parts += map(_sum, row.weeks)
        # Nothing in it but what was escaped, numbers, and words of this programme.
        return SafeString("".join(parts))

    def rows(self, rows: Sequence[RosterRow]) -> SafeString:
        return SafeString("".join(self.row(row) for row in rows))


def hours(minutes: int) -> str:
    """ "38:30"."""
    return f"{minutes // 60}:{minutes % 60:02}"


def _kind(day: date, today: date) -> str:
    if day == today:
        return "today"
    return "weekend" if day.weekday() >= _SATURDAY else ""


def _below(row: RosterRow) -> str:
    department = row.person.department
    return department.path if department is not None else row.person.code


def _cell(cell: Cell, kind: str, rest_min: int) -> str:
    if cell.is_beyond:
        return f'<td class="beyond {kind}">'
    classes = [_ORIGINS[cell.origin], kind]
    notes = [
        f"{each.kind}{_PARTS[Leave.Part(each.part)]}{'' if each.is_approved else ', asked for'}"
        for each in cell.leaves
    ]
    if cell.holiday:
        notes.append(cell.holiday)
    if cell.holiday or cell.is_away:
        classes.append("free")
    if rest_min >= 0:
        classes.append("short")
        notes.append(f"only {hours(rest_min)} hours of rest before")
    said = " ".join(filter(None, classes))
    note = f' data-note="{escape("; ".join(notes))}"' if notes else ""
    # With spaces, so that what is read out does not run together.
    shown = " ".join(filter(None, (_shifts(cell), _mark(cell))))
    return f'<td class="{said}"{_value(cell)}{note}>{shown}'


def _value(cell: Cell) -> str:
    """What was set by hand, as the page sends it back: codes, or a dash for a day off."""
    if cell.origin is not Origin.OVERRIDE:
        return ""
    codes = ",".join(sorted(each.code for each in cell.shifts or ())) or "-"
    return f' data-set="{escape(codes)}"'


def _shifts(cell: Cell) -> str:
    if cell.shifts is None:
        return ""
    if not cell.shifts:
        return "<b>–</b>"
    return " ".join(
        f'<b class="c-shift--{each.colour}">{escape(each.code)}</b> <small>{_times(each)}</small>'
        for each in cell.shifts
    )


def _mark(cell: Cell) -> str:
    """A letter beside the shift, so that nothing is said by colour alone."""
    if cell.leaves:
        if not all(each.is_approved for each in cell.leaves):
            return "<i>?</i>"
        return "<i>L</i>" if cell.is_away else "<i>½L</i>"
    return "<i>H</i>" if cell.holiday else ""


def _times(shift: WorkedShift) -> str:
    if shift.flexible_minutes is not None:
        return f"{hours(shift.flexible_minutes)} h"
    return f"{_time(shift.start)}–{_time(shift.end)}"


def _time(at: time) -> str:
    return f"{at:%H:%M}" if at.minute else f"{at:%H}"


def _sum(week: WeekSum) -> str:
    if week.is_over:
        return f'<td class="sum over"><span>!</span> {hours(week.minutes)}'
    return f"<td class=sum>{hours(week.minutes) if week.minutes else '–'}"
