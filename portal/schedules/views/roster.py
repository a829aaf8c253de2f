"""The roster planner: the page, and the answers to what is set on it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from portal.core.errors import DomainError
from portal.core.http import is_partial, page
from portal.organisation.selectors import visible_departments, visible_sites
from portal.people.listing import Places
from portal.people.models import Person
from portal.schedules.forms.roster import WEEKS, Shown, read_copy, read_set, value_of
from portal.schedules.models import Shift
from portal.schedules.selectors.roster import RosterFilter, roster, rows_of
from portal.schedules.selectors.shifts import shift_rows, visible_shifts
from portal.schedules.services.roster import Applied, CellChange, set_cells
from portal.schedules.services.roster_copy import copy_person, copy_week
from portal.schedules.views.roster_markup import RowMaker, day_kinds
from portal.ui.markup import query_with

__all__ = ["copy_cells", "planner", "put_cells"]

_KEPT: Final = ("first", "weeks", "site", "department", "q")
_NO_DEPARTMENT: Final = "none"
_LONGEST_SEARCH: Final = 80


@page("schedules.view")
@require_GET
def planner(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx the grid alone."""
    today = timezone.localdate()
    places = Places(tuple(visible_sites()), tuple(visible_departments()))
    shown = _shown(request.GET, today)
    wanted = _wanted(request.GET, places)
    found = roster(shown.first, shown.weeks, wanted)
    query = _query(request.GET)
    step = timedelta(weeks=shown.weeks)
    this_week = _monday(today)
    context = {
        "roster": found,
        "rows": RowMaker(found.days, today=today).rows(found.rows),
        "days": [
            (day, kind, found.holidays.get(day, ""))
            for day, kind in day_kinds(found.days, today=today)
        ],
        "week_firsts": found.days[::7],
        "copy_targets": [*found.days[::7], found.days[-1] + timedelta(days=1)],
        "shown": shown,
        "last": found.days[-1],
        "weeks": [(number, query_with(query, weeks=number)) for number in WEEKS],
        "before_url": query_with(query, first=(shown.first - step).isoformat()),
        "after_url": query_with(query, first=(shown.first + step).isoformat()),
        "today_url": query_with(query, first=None),
        "is_now": shown.first == this_week,
        "wanted": wanted,
        "department": query.get("department", ""),
        "is_narrowed": wanted != RosterFilter(),
    }
    if is_partial(request):
        response = render(request, "schedules/_roster_grid.html", context)
        kept = query_with(query)
        response["HX-Replace-Url"] = reverse("schedules:roster") + (kept if kept != "?" else "")
        return response
    shifts = list(visible_shifts().filter(retired_at=None).order_by("name"))
    context |= {"places": places, "brushes": shift_rows(shifts, on=max(today, shown.first))}
    return render(request, "schedules/roster.html", context)


@page("schedules.manage")
@require_POST
def put_cells(request: HttpRequest) -> HttpResponse:
    """Set the cells that the page names; answers the rows as they are now, or why not."""
    try:
        asked = read_set(request.body)
        applied = set_cells(asked.changes)
    except DomainError as error:
        return _refused(error)
    # Also of cells that were so already: the page may show them as they were before.
    return _answer(applied, asked.shown, {each.person_id for each in asked.changes})


@page("schedules.manage")
@require_POST
def copy_cells(request: HttpRequest) -> HttpResponse:
    try:
        asked = read_copy(request.body)
        if asked.source_id is not None:
            applied = copy_person(
                asked.source_id,
                asked.person_ids,
                first=asked.shown.first,
                weeks=asked.shown.weeks,
            )
        elif asked.from_first is not None and asked.to_first is not None:
            applied = copy_week(
                asked.person_ids, from_first=asked.from_first, to_first=asked.to_first
            )
        else:
            raise DomainError("Choose which week to copy, and where to.", code="roster.copy")
    except DomainError as error:
        return _refused(error)
    return _answer(applied, asked.shown, {each.person_id for each in applied.changed})


def _answer(applied: Applied, shown: Shown, person_ids: Iterable[UUID]) -> JsonResponse:
    """The services have found these people to be within the actor's reach."""
    people = list(
        Person.objects.filter(pk__in=set(person_ids)).select_related("site", "department")
    )
    maker = RowMaker(shown.days, today=timezone.localdate())
    codes = dict(Shift.objects.values_list("pk", "code"))
    return JsonResponse(
        {
            "rows": [
                {"person": str(row.person.pk), "html": maker.row(row)}
                for row in rows_of(people, shown.days)
            ],
            "undo": [_written(each, codes) for each in applied.undo],
            "said": _said(applied),
        }
    )


def _refused(error: DomainError) -> JsonResponse:
    return JsonResponse(error.as_dict(), status=error.http_status)


def _written(change: CellChange, codes: dict[UUID, str]) -> dict[str, Any]:
    return {
        "person": str(change.person_id),
        "day": change.day.isoformat(),
        "to": value_of(change.to, codes),
        "seen": value_of(change.seen, codes),
    }


def _said(applied: Applied) -> str:
    days, people = len(applied.changed), len({each.person_id for each in applied.changed})
    if not days:
        return "Nothing had to be changed."
    return (
        f"{days} {'day' if days == 1 else 'days'} of "
        f"{'one person' if people == 1 else f'{people} people'} set."
    )


def _shown(query: QueryDict, today: date) -> Shown:
    """What is no date is this week: an address that was mistyped still answers."""
    weeks = query.get("weeks", "")
    number = int(weeks) if weeks in map(str, WEEKS) else 2
    try:
        day = date.fromisoformat(query.get("first", ""))
    except ValueError:
        day = today
    # The weeks beside those shown must be dates as well.
    return Shown(_monday(day if date.min.year < day.year < date.max.year else today), number)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _wanted(query: QueryDict, places: Places) -> RosterFilter:
    department = query.get("department", "")
    department_id = _uuid(department)
    return RosterFilter(
        site_id=_uuid(query.get("site", "")),
        department_ids=(
            tuple(places.with_below(department_id)) if department_id is not None else None
        ),
        has_no_department=department == _NO_DEPARTMENT,
        text=query.get("q", "").strip()[:_LONGEST_SEARCH],
    )


def _uuid(text: str) -> UUID | None:
    """What is no id narrows nothing."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _query(query: QueryDict) -> QueryDict:
    kept = QueryDict(mutable=True)
    for key in _KEPT:
        if query.get(key):
            kept[key] = str(query[key])
    return kept
