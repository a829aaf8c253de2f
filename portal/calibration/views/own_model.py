"""The page of the site's own model: what there is to learn from, the work, the outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET, require_POST

from portal.calibration.charts import as_csv, own_model
from portal.calibration.selectors.own_model import own_model_page, visible_own_model
from portal.calibration.services.own_model import (
    ask_for_own_model,
    cancel_own_model,
    remove_own_model,
)
from portal.core.errors import DomainError, NotFound, PermissionMissing
from portal.core.http import is_partial, page

__all__ = ["cancel", "chart", "index", "remove", "start"]


@page("calibration.view")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    template = "_own_model.html" if is_partial(request) else "own_model.html"
    return render(request, f"calibration/own_model/{template}", _context())


@page("calibration.manage")
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    return _back(request, ask_for_own_model)


@page("calibration.manage")
@require_POST
def cancel(request: HttpRequest, own_model_id: UUID) -> HttpResponse:
    return _back(
        request, lambda: cancel_own_model(own_model_id), said="Cancelled. Nothing changed."
    )


@page("calibration.manage")
@require_POST
def remove(request: HttpRequest, own_model_id: UUID) -> HttpResponse:
    return _back(
        request,
        lambda: remove_own_model(own_model_id),
        said="Removed. It can be made again at any time.",
    )


@page("calibration.view")
@require_GET
def chart(request: HttpRequest, own_model_id: UUID, form: str) -> HttpResponse:
    drawn = own_model.draw(visible_own_model(own_model_id).scores)
    if drawn is None:
        raise NotFound("Nothing was tried for this model, so there is nothing to draw.")
    if form == "csv":
        return _file(as_csv(drawn), "text/csv; charset=utf-8", "own-model.csv")
    svg = render_to_string("calibration/charts/file.svg", {"chart": drawn})
    return _file(svg.strip(), "image/svg+xml", "own-model.svg")


def _context() -> dict[str, Any]:
    found = own_model_page()
    shown = found.going or (found.latest.row if found.latest is not None else None)
    return {
        "found": found,
        "shown": shown,
        "chart": own_model.draw(shown.scores) if shown is not None else None,
    }


def _back(request: HttpRequest, act: Callable[[], object], *, said: str = "") -> HttpResponse:
    """What a service refuses is told on the page, which shows how things stand by now."""
    try:
        act()
    except PermissionMissing:
        raise
    except DomainError as error:
        messages.error(request, error.message)
    else:
        if said:
            messages.success(request, said)
    return redirect("calibration:own_model")


def _file(text: str, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        text,
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )
