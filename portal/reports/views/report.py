"""The catalogue, a report on the screen, and its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, cast
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from portal.attendance.selectors.periods import visible_periods
from portal.audit.services import record
from portal.core.context import current_actor
from portal.core.errors import DomainError, NotFound
from portal.core.http import page
from portal.reports.catalogue import GROUPS, kind_of
from portal.reports.choices import FIELDS, Choices, choices_of
from portal.reports.forms import ChoiceForm, KeepForm
from portal.reports.kinds.base import ReportKind
from portal.reports.selectors.making import make_report
from portal.reports.selectors.saved import owned_reports
from portal.reports.services.export import FileKind, export_report
from portal.reports.sheet import Report
from portal.reports.views.screen import Screen, ScreenLine
from portal.reports.views.sending import as_download

__all__ = ["chart_svg", "export", "index", "show"]

_ROWS: Final = 100


@page("reports.view")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    context = {
        "groups": GROUPS,
        "saved": list(owned_reports()[:6]),
        "periods": list(visible_periods()[:3]),
    }
    return render(request, "reports/index.html", context)


@page("reports.view")
@require_GET
def show(request: HttpRequest, slug: str) -> HttpResponse:
    kind = kind_of(slug)
    try:
        choices = _choices(kind, request.GET)
        report = make_report(kind, choices)
    except DomainError as error:
        if error.code != "report.choice":
            raise
        return _refused(request, kind, error)
    person = dict(report.choices).get("Person", "") if _is_id(choices.person) else ""
    context = {
        "kind": kind,
        "report": report,
        "choices": choices,
        "form": ChoiceForm(kind, choices, person=choices.person),
        "person_name": person,
        "query": urlencode(choices.parameters()),
        "keep_form": KeepForm(initial={"name": kind.title}),
        "file_kinds": FileKind.choices,
        "needs_reason": report.people > 1,
        "may_export": current_actor().may("reports.export"),
        **_paged(request, report),
    }
    return render(request, "reports/report.html", context)


@page("reports.export")
@require_POST
def export(request: HttpRequest, slug: str) -> HttpResponseBase:
    kind = kind_of(slug)
    choices = _choices(kind, QueryDict(request.POST.get("query", "")))
    exported = export_report(
        kind,
        choices,
        form=request.POST.get("form", ""),
        reason=request.POST.get("reason", ""),
        has_mark=request.POST.get("mark", "1") == "1",
    )
    return as_download(
        request, exported.file, name=exported.name, content_type=exported.content_type
    )


@page("reports.export")
@require_GET
def chart_svg(request: HttpRequest, slug: str) -> HttpResponse:
    """The picture of a drawn report: it shows numbers of people, and nobody's name."""
    kind = kind_of(slug)
    choices = _choices(kind, request.GET)
    report = make_report(kind, choices)
    if report.chart is None:
        raise NotFound("There is nothing to draw for these choices.")
    record(
        "reports.exported",
        after={
            "report": kind.slug,
            "format": "svg",
            "first": choices.first.isoformat(),
            "last": choices.last.isoformat(),
        },
    )
    svg = render_to_string("reports/charts/file.svg", {"chart": report.chart})
    return HttpResponse(
        svg.strip(),
        content_type="image/svg+xml",
        headers={
            "Content-Disposition": f'attachment; filename="gatehouse-{kind.slug}.svg"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def _choices(kind: ReportKind, given: QueryDict) -> Choices:
    choices = choices_of({name: given.get(name, "") for name in FIELDS}, default_span=kind.span)
    return replace(
        choices,
        shift=choices.shift if "shift" in kind.takes else None,
        status=choices.status if "status" in kind.takes else "",
    )


def _refused(request: HttpRequest, kind: ReportKind, error: DomainError) -> HttpResponse:
    """What cannot be made is said above the form, which offers what can."""
    choices = choices_of({}, default_span=kind.span)
    context = {
        "kind": kind,
        "choices": choices,
        "form": ChoiceForm(kind, choices),
        "refused": error.message,
    }
    return render(request, "reports/report.html", context, status=error.http_status)


def _paged(request: HttpRequest, report: Report) -> dict[str, object]:
    """Rows of all sections one after the other, a page of them as text."""
    screen = Screen(report)
    found: Page[ScreenLine] = Paginator(cast("Sequence[ScreenLine]", screen), _ROWS).get_page(
        request.GET.get("page")
    )
    return {"page_obj": found, "screen": screen, "lines": list(found)}


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
