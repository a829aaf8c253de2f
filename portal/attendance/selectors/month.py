"""The month grid: people by dates, each with its letter, and what they come to.

Public surface: ``Cell``, ``GridRow``, ``MonthFilter``, ``MonthGrid``, ``SORTS``, ``ShiftChoice``,
``month_grid``, ``shift_choices``. As many queries for two thousand people as for one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast

from portal.attendance.engine import Status
from portal.attendance.models import AttendanceDay
from portal.attendance.months import Month
from portal.attendance.selectors.visible import visible_days, visible_members
from portal.attendance.totals import Totals
from portal.core.context import require
from portal.people.models import Person

__all__ = [
    "SORTS",
    "Cell",
    "GridRow",
    "MonthFilter",
    "MonthGrid",
    "ShiftChoice",
    "month_grid",
    "shift_choices",
]

# More words than anybody's name has; SQLite refuses a condition that is nested a thousand deep.
_MAX_WORDS: Final = 12
# Of several shifts on one date the cell shows the one that most wants to be looked at.
_RANK: Final = {
    status.value: rank
    for rank, status in enumerate(
        (
            Status.ABSENT,
            Status.INCOMPLETE,
            Status.HALF_LEAVE_ABSENT,
            Status.NOT_ARRIVED,
            Status.PENDING,
            Status.IN_PROGRESS,
            Status.PROVISIONAL,
            Status.HALF_DAY,
            Status.HALF_LEAVE_PRESENT,
            Status.PRESENT,
            Status.EXPECTED,
            Status.ON_LEAVE,
            Status.HOLIDAY,
            Status.DAY_OFF,
        )
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthFilter:
    """Whom the grid shows. ``status`` and ``shift_id``: who has at least one such day in the month.
    ``department_ids`` already hold what lies below; None is no limit."""

    site_id: UUID | None = None
    department_ids: tuple[UUID, ...] | None = None
    has_no_department: bool = False
    shift_id: UUID | None = None
    status: str = ""
    text: str = ""


class Cell(NamedTuple):
    """One person's date. ``shifts`` is how many rows it has; ``minutes`` are those worked."""

    status: str
    minutes: int
    is_late: bool
    shifts: int


@dataclass(frozen=True, slots=True)
class GridRow:
    """``cells`` has one entry a date of the month, None where nothing was planned or seen."""

    person_id: UUID
    name: str
    code: str
    department: str
    cells: list[Cell | None]
    totals: Totals


@dataclass(frozen=True, slots=True)
class MonthGrid:
    month: Month
    rows: list[GridRow]
    totals: Totals


class ShiftChoice(NamedTuple):
    id: UUID
    name: str


class _Figures(NamedTuple):
    """The columns that the grid reads, and no more: sixty thousand rows are one page. Ids and dates
    stay the texts that they are cast to, which takes half the time of making objects of them."""

    person: str
    day: str
    status: str
    worked_min: int
    payable_min: int
    late_min: int
    early_min: int
    overtime_min: int


SORTS: Final[dict[str, Callable[[GridRow], Any]]] = {
    "name": lambda row: row.name.casefold(),
    "code": lambda row: row.code,
    "department": lambda row: (row.department.casefold(), row.name.casefold()),
    "worked": lambda row: row.totals.worked_min,
    "payable": lambda row: row.totals.payable_min,
    "late": lambda row: row.totals.late_min,
    "overtime": lambda row: row.totals.overtime_min,
    "absences": lambda row: row.totals.absences,
}


def month_grid(
    month: Month, wanted: MonthFilter, *, sort: str = "name", descending: bool = False
) -> MonthGrid:
    """Two queries: the people, and their days."""
    require("attendance.view")
    people = _people(month, wanted)
    rows = {
        key: GridRow(UUID(key), name, code, path or "", [None] * month.last.day, Totals())
        for key, name, code, path in people.order_by("name", "code").values_list(
            Cast("id", CharField()), "name", "code", "department__path"
        )
    }
    total = Totals()
    days = _days_of(month).filter(person__in=people.order_by().values("pk")).order_by()
    texts = Cast("person_id", CharField()), Cast("work_date", CharField())
    for values in days.values_list(*texts, *_Figures._fields[2:]).iterator(chunk_size=5000):
        figures = _Figures._make(values)
        row = rows.get(figures.person)
        # Somebody who was entered between the two queries is in the next answer.
        if row is not None:
            _put(row, figures)
    for row in rows.values():
        total.merge(row.totals)
    ordered = sorted(rows.values(), key=SORTS[sort], reverse=descending)
    return MonthGrid(month, ordered, total)


def shift_choices(month: Month) -> list[ShiftChoice]:
    """The shifts that anybody within the actor's scope works in this month, by name."""
    require("attendance.view")
    found = (
        _days_of(month)
        .filter(shift__isnull=False)
        .order_by("shift__shift__name")
        .values_list("shift__shift", "shift__shift__name")
        .distinct()
    )
    return [ShiftChoice(*each) for each in found]


def _put(row: GridRow, figures: _Figures) -> None:
    row.totals.add(figures)
    index = int(figures.day[8:10]) - 1
    known = row.cells[index]
    if known is None:
        row.cells[index] = Cell(figures.status, figures.worked_min, figures.late_min > 0, 1)
        return
    statuses = (known.status, figures.status)
    row.cells[index] = Cell(
        min(statuses, key=lambda status: _RANK.get(status, 0)),
        known.minutes + figures.worked_min,
        known.is_late or figures.late_min > 0,
        known.shifts + 1,
    )


def _days_of(month: Month) -> QuerySet[AttendanceDay]:
    return visible_days().filter(work_date__range=(month.first, month.last))


def _people(month: Month, wanted: MonthFilter) -> QuerySet[Person]:
    """Who works here in that month, and whoever else has days in it: nobody's past disappears."""
    # Asked without the order that a list has, which here would only be work.
    with_days = _days_of(month).order_by()
    is_here = (
        Q(status=Person.Status.ACTIVE)
        & (Q(employed_from=None) | Q(employed_from__lte=month.last))
        & (Q(employed_to=None) | Q(employed_to__gte=month.first))
    )
    people = visible_members().filter(is_here | Q(pk__in=with_days.values("person")))
    if wanted.site_id is not None:
        people = people.filter(site=wanted.site_id)
    if wanted.has_no_department:
        people = people.filter(department=None)
    elif wanted.department_ids is not None:
        people = people.filter(department__in=wanted.department_ids)
    for word in wanted.text.split()[:_MAX_WORDS]:
        people = people.filter(Q(name__icontains=word) | Q(code__icontains=word))
    if wanted.status or wanted.shift_id is not None:
        such = with_days
        if wanted.status:
            such = such.filter(status=wanted.status)
        if wanted.shift_id is not None:
            such = such.filter(shift__shift=wanted.shift_id)
        people = people.filter(pk__in=such.values("person"))
    return people
