"""Kinds of leave: one page."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal.core.errors import DomainError, NotFound
from portal.core.http import page, posted
from portal.schedules.forms.leave import TypeForm
from portal.schedules.forms.parts import add_error_of
from portal.schedules.models import LeaveType
from portal.schedules.selectors.leave import leave_types
from portal.schedules.services import leave_types as services

__all__ = ["begin", "edit", "index", "switch"]

USUAL = (("Annual leave", True), ("Sick leave", True), ("Training", True), ("Unpaid leave", False))


@page("schedules.manage")
@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    form = TypeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            kind = services.create_type(**form.cleaned_data)
        except DomainError as error:
            add_error_of(form, error)
        else:
            messages.success(request, f"“{kind.name}” can be asked for.")
            return redirect("schedules:leave_types")
    context = {"types": leave_types(with_retired=True), "form": form, "usual": USUAL}
    return render(
        request, "schedules/leave_types.html", context, status=422 if form.errors else 200
    )


@page("schedules.manage")
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """The usual kinds, for an installation that has none."""
    if not LeaveType.objects.exists():
        for name, is_paid in USUAL:
            services.create_type(name, is_paid=is_paid)
        messages.success(request, f"{len(USUAL)} kinds of leave were made.")
    return redirect("schedules:leave_types")


@page("schedules.manage")
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, type_id: UUID) -> HttpResponse:
    kind = _kind(type_id)
    form = TypeForm(posted(request), kind=kind)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_type(kind, **form.cleaned_data)
        except DomainError as error:
            add_error_of(form, error)
        else:
            messages.success(request, "The kind of leave was saved.")
            return redirect("schedules:leave_types")
    context = {"kind": kind, "form": form}
    return render(request, "schedules/leave_type.html", context, status=422 if form.errors else 200)


@page("schedules.manage")
@require_POST
def switch(request: HttpRequest, type_id: UUID) -> HttpResponse:
    """Retire it, or bring it back."""
    kind = _kind(type_id)
    if kind.retired_at is None:
        services.retire_type(kind)
        messages.success(request, f"“{kind.name}” can be asked for no more.")
    else:
        services.reinstate_type(kind)
        messages.success(request, f"“{kind.name}” can be asked for again.")
    return redirect("schedules:leave_types")


def _kind(type_id: UUID) -> LeaveType:
    kind = leave_types(with_retired=True).filter(pk=type_id).first()
    if kind is None:
        raise NotFound("There is no such kind of leave.")
    return kind
