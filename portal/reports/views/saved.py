"""Reports that a user keeps, and those that are mailed."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.mail import mail_is_configured
from portal.core.errors import DomainError
from portal.core.http import page
from portal.reports.catalogue import CATALOGUE, kind_of
from portal.reports.choices import FIELDS, choices_of
from portal.reports.forms import KeepForm
from portal.reports.kinds.base import ReportKind
from portal.reports.models import ReportRun, SavedReport
from portal.reports.selectors.saved import owned_report, owned_reports
from portal.reports.services.saved import Wanted, forget_report, keep_report
from portal.reports.spans import Span

__all__ = ["forget", "index", "keep", "open_saved"]


@dataclass(frozen=True, slots=True)
class _Saved:
    row: SavedReport
    kind: ReportKind | None
    dates: str
    last: ReportRun | None


@page("reports.view")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    rows = [
        _Saved(one, CATALOGUE.get(one.kind), _dates(one), _last(one)) for one in owned_reports()
    ]
    context = {"rows": rows, "mail_is_set_up": mail_is_configured()}
    return render(request, "reports/saved.html", context)


@page("reports.view")
@require_POST
def keep(request: HttpRequest, slug: str) -> HttpResponse:
    kind, query = kind_of(slug), QueryDict(request.POST.get("query", ""))
    given = {name: query.get(name, "") for name in FIELDS}
    form = KeepForm(request.POST)
    back = (
        f"{reverse('reports:show', args=[slug])}?{urlencode({k: v for k, v in given.items() if v})}"
    )
    if not form.is_valid():
        messages.error(request, "Give the report a name, and choose from the lists.")
        return redirect(back)
    data = form.cleaned_data
    try:
        saved = keep_report(
            kind,
            choices_of(given, default_span=kind.span),
            Wanted(
                name=data["name"],
                rhythm=data["rhythm"],
                form=data["format"] or "xlsx",
                recipients=form.addresses(),
                reason=data["reason"],
            ),
        )
    except DomainError as error:
        if error.http_status != 400:
            raise
        messages.error(request, error.message)
        return redirect(back)
    if saved.rhythm:
        messages.success(request, f"“{saved.name}” is kept, and mailed from the next turn on.")
    else:
        messages.success(request, f"“{saved.name}” is kept.")
    return redirect("reports:saved")


@page("reports.view")
@require_POST
def forget(request: HttpRequest, report_id: UUID) -> HttpResponse:
    saved = owned_report(report_id)
    name = saved.name
    forget_report(saved)
    messages.success(request, f"“{name}” is no longer kept, and no longer mailed.")
    return redirect("reports:saved")


@page("reports.view")
@require_GET
def open_saved(request: HttpRequest, report_id: UUID) -> HttpResponse:
    saved = owned_report(report_id)
    query = urlencode({name: value for name, value in saved.choices.items() if name in FIELDS})
    return redirect(f"{reverse('reports:show', args=[saved.kind])}?{query}")


def _dates(saved: SavedReport) -> str:
    span = saved.choices.get("span", "")
    if span == Span.DATES:
        return f"{saved.choices.get('first', '')} to {saved.choices.get('last', '')}"
    return Span(span).label if span in Span.values else ""


def _last(saved: SavedReport) -> ReportRun | None:
    return next(iter(saved.runs.all()), None)
