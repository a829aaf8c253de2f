"""Shifts: the list with their hours drawn, one with its history, new ones, other hours."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.core.errors import DomainError
from portal.core.http import page, posted
from portal.schedules.forms.parts import add_error_of
from portal.schedules.forms.shifts import HoursForm, LookForm, ShiftForm
from portal.schedules.models import Shift
from portal.schedules.selectors.assignments import assignment_rows, visible_assignments
from portal.schedules.selectors.shifts import (
    ShiftRow,
    shift_history,
    shift_rows,
    visible_policies,
    visible_shift,
    visible_shifts,
)
from portal.schedules.sentences import turns_in_words
from portal.schedules.services import shifts as services
from portal.schedules.services.begin import begin_with
from portal.schedules.services.reach import reaches
from portal.schedules.starters import STARTERS, starter
from portal.schedules.views.acting import act_on

__all__ = ["begin", "change_hours", "change_look", "create", "detail", "index", "retire"]

_SHOWN = 20


@page("schedules.view")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    rows = shift_rows(list(visible_shifts()), on=timezone.localdate())
    context = {
        "rows": [row for row in rows if row.shift.retired_at is None],
        "retired": [row for row in rows if row.shift.retired_at is not None],
        "starters": STARTERS,
        "may_begin": reaches(None),
    }
    return render(request, "schedules/shifts.html", context)


@page("schedules.manage")
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """The shifts of a starter; what remains is to say who works them."""
    key = request.POST.get("key", "")
    shifts = begin_with(key)
    names = " and ".join(f"“{shift.name}”" for shift in shifts)
    messages.success(request, f"{names} {'is' if len(shifts) == 1 else 'are'} made.")
    chosen = starter(key)
    query = {"shift": str(shifts[0].pk)}
    if chosen is not None and chosen.turns:
        query = {"what": "rotation", "turns": turns_in_words(chosen.turns)}
        if len(chosen.turns) % 7 == 0:
            # Its days off are meant to be those of the weekend.
            today = timezone.localdate()
            monday = today + timedelta(days=-today.weekday() % 7)
            query["first"] = monday.isoformat()
    return redirect(f"{reverse('schedules:assign')}?{urlencode(query)}")


@page("schedules.view")
@require_GET
def detail(request: HttpRequest, shift_id: UUID) -> HttpResponse:
    shift = visible_shift(shift_id)
    today = timezone.localdate()
    given = visible_assignments().filter(turns__shift=shift).distinct()
    context = {
        "row": _row(shift),
        "history": shift_history(shift, on=today),
        "may_change": reaches(shift.site_id),
        "assignments": [
            each for each in assignment_rows(given[: _SHOWN * 2], on=today) if each.state != "past"
        ][:_SHOWN],
    }
    return render(request, "schedules/shift.html", context)


@page("schedules.manage")
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    chosen = starter(request.GET.get("from", ""))
    form = ShiftForm(posted(request), starter=chosen.shifts[0] if chosen else None)
    if request.method == "POST" and form.is_valid():
        try:
            shift = services.create_shift(form.look(), form.hours())
        except DomainError as error:
            add_error_of(form, error)
        else:
            messages.success(request, f"The shift “{shift.name}” is made.")
            return redirect("schedules:shift", shift.pk)
    context = {
        "form": form,
        "row": None,
        "has_policy": visible_policies().filter(retired_at=None).exists(),
    }
    return render(request, "schedules/shift_form.html", context, status=422 if form.errors else 200)


@page("schedules.manage")
@require_http_methods(["GET", "POST"])
def change_hours(request: HttpRequest, shift_id: UUID) -> HttpResponse:
    shift = visible_shift(shift_id)
    row = _row(shift)
    form = HoursForm(posted(request), version=shift.versions.order_by("-number")[0])
    preview = None
    if request.method == "POST" and form.is_valid():
        done, version, preview = act_on(
            form,
            lambda: services.change_hours(
                shift,
                form.hours(),
                valid_from=form.begins(),
                reason=form.cleaned_data["reason"],
            ),
        )
        if done and version is not None:
            messages.success(
                request,
                f"“{shift.name}” has other hours from {form.begins():%-d %B %Y} on. Days before "
                "it keep theirs.",
            )
            return redirect("schedules:shift", shift.pk)
    context = {"form": form, "row": row, "preview": preview, "has_policy": True}
    return render(request, "schedules/shift_form.html", context, status=422 if form.errors else 200)


@page("schedules.manage")
@require_http_methods(["GET", "POST"])
def change_look(request: HttpRequest, shift_id: UUID) -> HttpResponse:
    shift = visible_shift(shift_id)
    form = LookForm(posted(request), shift=shift)
    if request.method == "POST" and form.is_valid():
        try:
            shift = services.change_look(shift, form.look())
        except DomainError as error:
            add_error_of(form, error)
        else:
            messages.success(request, f"“{shift.name}” is saved.")
            return redirect("schedules:shift", shift.pk)
    context = {"form": form, "row": _row(shift)}
    return render(request, "schedules/shift_look.html", context, status=422 if form.errors else 200)


@page("schedules.manage")
@require_POST
def retire(request: HttpRequest, shift_id: UUID) -> HttpResponse:
    shift = visible_shift(shift_id)
    if request.POST.get("back") == "1":
        services.reinstate_shift(shift)
        messages.success(request, f"“{shift.name}” can be given to people again.")
    else:
        services.retire_shift(shift)
        messages.success(request, f"“{shift.name}” is retired. Whoever works it goes on with it.")
    return redirect("schedules:shift", shift.pk)


def _row(shift: Shift) -> ShiftRow:
    (row,) = shift_rows([shift], on=timezone.localdate())
    return row
