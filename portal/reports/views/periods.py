"""Periods: making, locking, and telling payroll of them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from portal.attendance.models import Adjustment, Period
from portal.attendance.selectors.periods import (
    adjustments_for,
    covers,
    days_in,
    visible_period,
    visible_periods,
    waiting_in,
)
from portal.attendance.services.periods import lock_period, make_period, remove_period
from portal.core.context import current_actor
from portal.core.errors import DomainError
from portal.core.http import page
from portal.organisation.selectors import visible_sites
from portal.reports.forms import LockForm, PayrollForm, PeriodForm
from portal.reports.payroll import columns_of, rows_of, sums_of
from portal.reports.services.payroll import export_payroll, kept_statement
from portal.reports.sheet import Cell, cells_of
from portal.reports.views.sending import as_download

__all__ = ["detail", "index", "lock", "make", "payroll", "remove"]

_PAGE: Final = 24
# Of a sort of what waits, that many are listed; the count tells of the rest.
_LISTED: Final = 10


@dataclass(frozen=True, slots=True)
class _Waits:
    """One line of what is in the way, with where it is settled."""

    person_id: UUID
    name: str
    day: date
    text: str


@dataclass(frozen=True, slots=True)
class _Group:
    key: str
    title: str
    count: int
    rows: Sequence[_Waits]
    blocks: bool = True


@page("reports.view")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    return _index(request, _period_form())


@page("attendance.manage")
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    form = _period_form(request.POST)
    if not form.is_valid():
        return _index(request, form, status=400)
    data = form.cleaned_data
    site = visible_sites().filter(pk=data["site"]).first() if data["site"] else None
    try:
        period = make_period(first=data["first"], last=data["last"], site=site)
    except DomainError as error:
        form.add_error(None, error.message)
        return _index(request, form, status=error.http_status)
    messages.success(request, "The period is made. It is open: its days go on as before.")
    return redirect("reports:period", period.pk)


@page("reports.view")
@require_GET
def detail(request: HttpRequest, period_id: UUID) -> HttpResponse:
    return _detail(request, visible_period(period_id))


@page("attendance.manage")
@require_POST
def lock(request: HttpRequest, period_id: UUID) -> HttpResponse:
    period = visible_period(period_id)
    form = LockForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    try:
        lock_period(period, anyway_because=reason)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("reports:period", period.pk)
    messages.success(
        request, "The period is locked. What changes from now on becomes an adjustment."
    )
    return redirect("reports:period", period.pk)


@page("attendance.manage")
@require_POST
def remove(request: HttpRequest, period_id: UUID) -> HttpResponse:
    period = visible_period(period_id)
    remove_period(period)
    messages.success(request, "The period is taken away. Its days are as they were.")
    return redirect("reports:periods")


@page("payroll.manage")
@require_POST
def payroll(request: HttpRequest, period_id: UUID) -> HttpResponseBase:
    period = visible_period(period_id)
    form = PayrollForm(request.POST)
    if not form.is_valid():
        return _detail(request, period, payroll_form=form, status=400)
    data = form.cleaned_data
    made = export_payroll(period, form=data["form"], hours=data["hours"], reason=data["reason"])
    return as_download(
        request, io.BytesIO(made.content), name=made.name, content_type=made.content_type
    )


def _period_form(data: Any = None) -> PeriodForm:
    return PeriodForm(data, may_all=covers(current_actor().scope, None))


def _index(request: HttpRequest, form: PeriodForm, *, status: int = 200) -> HttpResponse:
    actor = current_actor()
    found = Paginator(visible_periods(), _PAGE).get_page(request.GET.get("page"))
    context = {
        "page_obj": found,
        "form": form,
        "may_make": actor.may("attendance.manage")
        and actor.scope.department_ids is None
        and actor.scope.person_id is None,
    }
    return render(request, "reports/periods.html", context, status=status)


def _detail(
    request: HttpRequest,
    period: Period,
    *,
    payroll_form: PayrollForm | None = None,
    status: int = 200,
) -> HttpResponse:
    actor = current_actor()
    is_whole = covers(actor.scope, period.site_id)
    may_see = is_whole and actor.may("attendance.view")
    groups = _groups(period) if may_see and period.state == Period.State.OPEN else []
    context: dict[str, Any] = {
        "period": period,
        "groups": groups,
        "exceptions": next((group.count for group in groups if not group.blocks), 0),
        "is_blocked": any(group.count for group in groups if group.blocks),
        "days": days_in(period).count() if may_see else None,
        "lock_form": LockForm(),
        "payroll_form": payroll_form or PayrollForm(),
        "may_lock": is_whole and actor.may("attendance.manage"),
        "may_export": is_whole and actor.may("payroll.manage"),
        "carried": list(adjustments_for(period)[:_PAGE]) if may_see else [],
        "since": _since(period)[:_PAGE] if may_see else [],
        "is_whole": is_whole,
    }
    if context["may_export"] and period.statement_key:
        context |= _statement(request, period)
    return render(request, "reports/period.html", context, status=status)


def _statement(request: HttpRequest, period: Period) -> dict[str, Any]:
    statement = kept_statement(period)
    columns = columns_of(statement, "hours")
    found = Paginator(list(rows_of(statement, "hours")), 50).get_page(request.GET.get("page"))
    lines: list[tuple[Cell, ...]] = [cells_of(columns, row.cells) for row in found]
    return {
        "columns": columns,
        "lines": lines,
        "page_obj": found,
        "sums": cells_of(columns, sums_of(statement, "hours")),
        "people": len(statement.lines),
    }


def _since(period: Period) -> QuerySet[Adjustment]:
    """What would have changed its days after they were settled."""
    return period.adjustments.select_related("person", "reported_in").order_by("-id")


def _groups(period: Period) -> list[_Group]:
    waiting = waiting_in(period)
    counts = waiting.counts()
    return [
        _Group(
            "days",
            "Days that are not over or not certain",
            counts["days"],
            [
                _Waits(one.person_id, one.person.name, one.work_date, one.get_status_display())
                for one in waiting.days[:_LISTED]
            ],
        ),
        _Group(
            "stale",
            "People whose days are being computed anew",
            counts["stale"],
            [
                _Waits(
                    one.person_id, one.person.name, max(one.first, period.first), "Being computed"
                )
                for one in waiting.stale[:_LISTED]
            ],
        ),
        _Group(
            "corrections",
            "Corrections that wait for a decision",
            counts["corrections"],
            [
                _Waits(one.person_id, one.person.name, one.work_date, one.get_kind_display())
                for one in waiting.corrections[:_LISTED]
            ],
        ),
        _Group(
            "leaves",
            "Requests for leave that wait for a decision",
            counts["leaves"],
            [
                _Waits(one.person_id, one.person.name, max(one.first, period.first), one.type.name)
                for one in waiting.leaves[:_LISTED]
            ],
        ),
        _Group(
            "exceptions",
            "Open exceptions",
            counts["exceptions"],
            [
                _Waits(
                    one.person_id,
                    one.person.name,
                    one.work_date,
                    one.detail or one.get_kind_display(),
                )
                for one in waiting.exceptions[:_LISTED]
            ],
            blocks=False,
        ),
    ]
