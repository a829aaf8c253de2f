"""The rows of the month grid as HTML. A template would take longer for sixty thousand cells than
all the rest of the page; equal cells are made once. Public surface: ``day_kinds``, ``grid_rows``.
"""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString

from portal.attendance.months import Month
from portal.attendance.selectors.month import Cell, GridRow, MonthGrid
from portal.attendance.words import hours_minutes, status_word

__all__ = ["day_kinds", "grid_rows"]

_NOBODY: Final = UUID(int=0)
_SATURDAY: Final = 5


def grid_rows(grid: MonthGrid, *, today: date) -> SafeString:
    """End tags that HTML lets out are let out. Everything that people wrote is escaped."""
    person_url = f"{reverse('attendance:person', args=[_NOBODY])}?month={grid.month}"
    before, after = person_url.split(str(_NOBODY))
    kinds = [_kind(day, today) for day in grid.month.days]
    made: dict[tuple[Cell | None, str], str] = {}
    parts: list[str] = []
    for row in grid.rows:
        parts.append(
            f'<tr data-person="{row.person_id}"><th scope=row>'
            f'<a href="{before}{row.person_id}{after}">{escape(row.name)}</a>'
            f"<small>{escape(_below(row))}</small>"
        )
        for cell, kind in zip(row.cells, kinds, strict=True):
            text = made.get((cell, kind))
            if text is None:
                text = made[cell, kind] = _cell(cell, kind)
            parts.append(text)
        parts.append(_sums(row))
    # Nothing in it but what was escaped above, numbers, and words of this programme.
    return SafeString("".join(parts))


def day_kinds(month: Month, *, today: date) -> list[tuple[date, str]]:
    return [(day, _kind(day, today)) for day in month.days]


def _kind(day: date, today: date) -> str:
    if day == today:
        return "today"
    return "weekend" if day.weekday() >= _SATURDAY else ""


def _below(row: GridRow) -> str:
    return f"{row.code} · {row.department}" if row.department else row.code


def _cell(cell: Cell | None, kind: str) -> str:
    if cell is None:
        return _td([kind])
    word = status_word(cell.status)
    classes = [word.tone, kind]
    if word.is_shaded:
        classes.append("free")
    if cell.is_late:
        classes.append("late")
    if cell.shifts > 1:
        classes.append("several")
    # One text of two lines, and no element within: there are sixty thousand cells.
    minutes = f"\n{hours_minutes(cell.minutes)}" if cell.minutes else ""
    return f"{_td(classes)}{escape(word.letter)}{minutes}"


def _td(classes: list[str]) -> str:
    said = [each for each in classes if each]
    if not said:
        return "<td>"
    return f'<td class="{" ".join(said)}">' if len(said) > 1 else f"<td class={said[0]}>"


def _sums(row: GridRow) -> str:
    totals = row.totals
    figures = (
        _or_dash(totals.worked_min),
        _or_dash(totals.payable_min),
        _or_dash(totals.late_min),
        _or_dash(totals.overtime_min),
        str(totals.absences or "–"),
    )
    return "".join(f"<td class=sum>{text}" for text in figures)


def _or_dash(minutes: int) -> str:
    return hours_minutes(minutes) if minutes else "–"
