"""The Model page: which model recognises, the way to another one, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from portal.calibration.forms.model import MeasureForm, ThresholdForm
from portal.calibration.selectors.model_page import model_page
from portal.calibration.services.switch import cancel_switch, cut_over, roll_back, start_switch
from portal.calibration.services.switch.threshold import measure_new, save_new_threshold
from portal.core.errors import DomainError, PermissionMissing
from portal.core.http import is_partial, page
from portal.engines.services import seen_field, seen_of

__all__ = ["cancel", "change", "go_back", "index", "measure", "prepare", "threshold"]

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def _told(view: View[P]) -> View[P]:
    """What a service refuses is told on the page, which shows how things stand by now."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except PermissionMissing:
            raise
        except DomainError as error:
            messages.error(request, error.message)
            return redirect("calibration:model")

    return guarded


@page("calibration.view")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    template = "_model.html" if is_partial(request) else "model.html"
    return render(request, f"calibration/model/{template}", _context())


@page("calibration.manage")
@require_POST
@_told
def prepare(request: HttpRequest) -> HttpResponse:
    start_switch(request.POST.get("model", ""))
    return redirect("calibration:model")


@page("calibration.manage")
@require_POST
@_told
def cancel(request: HttpRequest, switch_id: UUID) -> HttpResponse:
    switch = cancel_switch(switch_id)
    messages.success(request, f"Cancelled. {switch.from_model} was in use all along.")
    return redirect("calibration:model")


@page("calibration.manage")
@require_POST
@_told
def measure(request: HttpRequest, switch_id: UUID) -> HttpResponse:
    """Have the new model's threshold measured."""
    form = MeasureForm(request.POST)
    if not form.is_valid():
        return _again(request, measure_form=form)
    measure_new(switch_id, form.wish)
    return redirect("calibration:model")


@page("calibration.manage")
@require_POST
@_told
def threshold(request: HttpRequest, switch_id: UUID) -> HttpResponse:
    """Save the new model's threshold; nothing is decided by it before the model is used."""
    form = ThresholdForm(request.POST)
    if not form.is_valid():
        return _again(request, threshold_form=form)
    values = form.cleaned_data
    saved = save_new_threshold(
        switch_id,
        reason=values["reason"],
        seen=seen_of(values["seen"]),
        threshold=values["threshold"],
        run_id=values["run"],
    )
    if saved.is_in_force:
        messages.success(request, "Saved. It decides once the model is in use.")
    else:
        messages.success(request, "Proposed. A second person has to approve it under History.")
    return redirect("calibration:model")


@page("calibration.manage")
@require_POST
@_told
def change(request: HttpRequest, switch_id: UUID) -> HttpResponse:
    """Use the new model from now on."""
    confirmed = request.POST.get("unrecognised", "")
    switch = cut_over(
        switch_id,
        unrecognised=int(confirmed) if confirmed.isascii() and confirmed.isdigit() else 0,
        reason=request.POST.get("reason", ""),
    )
    messages.success(request, f"{switch.model} recognises from this second on.")
    return redirect("calibration:model")


@page("calibration.manage")
@require_POST
@_told
def go_back(request: HttpRequest, switch_id: UUID) -> HttpResponse:
    switch = roll_back(switch_id, reason=request.POST.get("reason", ""))
    messages.success(request, f"{switch.from_model} recognises again.")
    return redirect("calibration:model")


def _again(request: HttpRequest, **forms: Any) -> HttpResponse:
    return render(request, "calibration/model/model.html", {**_context(), **forms}, status=422)


def _context() -> dict[str, Any]:
    found = model_page()
    return {
        "found": found,
        "seen": seen_field(found.going.rule) if found.going is not None else "",
        "measure_form": MeasureForm(),
        "threshold_form": ThresholdForm(),
    }
