"""Assignments: who works what, who is planned for nothing; giving shifts, and ending that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from portal.core.http import is_partial, page, posted
from portal.schedules.forms.assignments import AssignForm, EndForm
from portal.schedules.models import Assignment
from portal.schedules.selectors.assignments import (
    assignment_rows,
    codes_of,
    people_without_plan,
    visible_assignment,
    visible_assignments,
)
from portal.schedules.selectors.shifts import shift_rows, visible_shifts
from portal.schedules.services import assignments as services
from portal.schedules.views.acting import act_on

__all__ = ["assign", "end", "index", "unplanned"]

_PAGE = 50
_SHOWN = 8


@page("schedules.view")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    today = timezone.localdate()
    rows = visible_assignments()
    search, shift_id = request.GET.get("q", "").strip()[:100], _uuid(request.GET.get("shift"))
    if search:
        rows = rows.filter(
            Q(person__name__icontains=search)
            | Q(person__code__icontains=search)
            | Q(department__path__icontains=search)
            | Q(site__name__icontains=search)
        )
    if shift_id is not None:
        rows = rows.filter(turns__shift=shift_id).distinct()
    is_past = request.GET.get("when") == "past"
    rows = (
        rows.filter(last__lt=today) if is_past else rows.filter(Q(last=None) | Q(last__gte=today))
    )
    found = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
    without = people_without_plan(today)
    context = {
        "page_obj": found,
        "rows": assignment_rows(found.object_list, on=today),
        "shifts": list(visible_shifts().order_by("name")),
        "chosen_shift": shift_id,
        "search": search,
        "is_past": is_past,
        "is_narrowed": bool(search or shift_id or is_past),
        "without_count": without.count(),
        "without": list(without[:_SHOWN]),
    }
    template = (
        "schedules/_assignments.html" if is_partial(request) else "schedules/assignments.html"
    )
    return render(request, template, context)


@page("schedules.view")
@require_GET
def unplanned(request: HttpRequest) -> HttpResponse:
    """Everybody who is here today and whom no assignment reaches."""
    found = Paginator(people_without_plan(timezone.localdate()), _PAGE).get_page(
        request.GET.get("page")
    )
    context = {"page_obj": found, "people": list(found.object_list)}
    return render(request, "schedules/unplanned.html", context)


@page("schedules.manage")
@require_http_methods(["GET", "POST"])
def assign(request: HttpRequest) -> HttpResponse:
    form = AssignForm(posted(request), initial=_asked(request))
    preview = None
    if request.method == "POST" and form.is_valid():
        done, made, preview = act_on(
            form,
            lambda: services.assign(form.target(), form.plan(), beside=form.mode()),
        )
        if done and made is not None:
            messages.success(request, _said(made))
            return redirect("schedules:assignments")
    context = {
        "form": form,
        "preview": preview,
        "shift_rows": shift_rows(form.shifts, on=timezone.localdate()),
    }
    return render(request, "schedules/assign.html", context, status=422 if form.errors else 200)


@page("schedules.manage")
@require_http_methods(["GET", "POST"])
def end(request: HttpRequest, assignment_id: UUID) -> HttpResponse:
    assignment = visible_assignment(assignment_id)
    (row,) = assignment_rows([assignment], on=timezone.localdate())
    form = EndForm(posted(request), assignment=assignment)
    preview = None
    if request.method == "POST" and form.is_valid():
        last = form.cleaned_data["last"]
        done, ended, preview = act_on(form, lambda: services.end_assignment(assignment, last=last))
        if done:
            words = f"ends on {last:%-d %B %Y}" if ended else "is taken back"
            messages.success(request, f"The assignment of {row.whom} {words}.")
            return redirect("schedules:assignments")
    context = {"form": form, "row": row, "preview": preview, "today": timezone.localdate()}
    return render(request, "schedules/end.html", context, status=422 if form.errors else 200)


def _asked(request: HttpRequest) -> dict[str, Any]:
    """What a link to the form has filled in already."""
    asked: dict[str, Any] = {
        name: request.GET[name]
        for name in ("whom", "department", "site", "what", "shift", "turns", "first", "people")
        if request.GET.get(name)
    }
    ids = [pk for pk in map(_uuid, request.GET.getlist("ids")) if pk is not None]
    if ids:
        asked |= {"whom": "people", "people": "\n".join(codes_of(ids))}
    return asked


def _said(made: list[Assignment]) -> str:
    first = made[0].first
    when = f" from {first:%-d %B %Y} on" if first and first > timezone.localdate() else ""
    if made[0].last is not None and first is not None:
        days = (made[0].last - first) + timedelta(days=1)
        when = f" for {days.days} day{'' if days.days == 1 else 's'} from {first:%-d %B %Y}"
    return f"{len(made)} {'plan is' if len(made) == 1 else 'plans are'} made{when}."


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
