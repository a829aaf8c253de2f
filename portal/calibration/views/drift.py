"""The drift watch: whose scores fell, with the picture and the way to mend it."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.mail import mail_is_configured
from portal.calibration.charts import as_csv
from portal.calibration.selectors.drift import (
    ended_findings,
    visible_finding,
    watch_view,
)
from portal.calibration.services.drift import dismiss_drift, export_scores
from portal.core.http import is_partial, page
from portal.journal.notices import tell

__all__ = ["dismiss", "index", "scores_csv", "scores_svg"]


@page("calibration.view")
def index(request: HttpRequest) -> HttpResponse:
    context = {
        "watch": watch_view(),
        "ended": ended_findings(),
        "mail_is_set_up": mail_is_configured(),
    }
    template = "_drift.html" if is_partial(request) else "drift.html"
    return render(request, f"calibration/drift/{template}", context)


@page("calibration.manage")
@require_POST
def dismiss(request: HttpRequest, finding_id: UUID) -> HttpResponse:
    act = dismiss_drift(visible_finding(finding_id))
    tell(request, "Dismissed. It is told of again only if it becomes worse.", act)
    return redirect("calibration:drift")


@page("calibration.view")
@require_GET
def scores_svg(request: HttpRequest, finding_id: UUID) -> HttpResponse:
    chart = export_scores(visible_finding(finding_id), form="svg")
    svg = render_to_string("calibration/charts/file.svg", {"chart": chart})
    return _file(svg.strip(), "image/svg+xml", "gatehouse-drift.svg")


@page("calibration.view")
@require_GET
def scores_csv(request: HttpRequest, finding_id: UUID) -> HttpResponse:
    chart = export_scores(visible_finding(finding_id), form="csv")
    return _file(as_csv(chart), "text/csv; charset=utf-8", "gatehouse-drift.csv")


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
