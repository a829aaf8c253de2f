"""The audit log's page, and its export."""

from __future__ import annotations

import csv
import io
import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal.audit.selectors import has_kept_its_end
from portal.audit.services import record
from portal.core.http import is_partial, page
from portal.core.spreadsheet import safe_cell
from portal.system.audit_log import audit_page, export_rows, log_end
from portal.system.forms import AuditForm
from portal.ui.markup import query_with

__all__ = ["audit", "export_audit"]

_COLUMNS = [
    "seq",
    "at",
    "actor_kind",
    "actor_id",
    "actor_label",
    "address",
    "action",
    "target_type",
    "target_id",
    "before",
    "after",
    "reason",
    "correlation_id",
    "hash",
]


@page("audit.view")
def audit(request: HttpRequest) -> HttpResponse:
    form = AuditForm(request.GET)
    found = audit_page(
        form.query(), before=_number(request, "before"), after=_number(request, "after")
    )
    context = {
        "form": form,
        "page": found,
        "is_filtered": form.has_changed(),
        "older": query_with(request.GET, before=found.older, after=None) if found.older else "",
        "newer": query_with(request.GET, after=found.newer, before=None) if found.newer else "",
        "query": query_with(request.GET, before=None, after=None),
        "end": log_end(),
        "has_kept_its_end": has_kept_its_end(),
    }
    template = "system/_audit.html" if is_partial(request) else "system/audit.html"
    return render(request, template, context)


@page("audit.view")
def export_audit(request: HttpRequest) -> HttpResponse:
    """The entries of the filter as CSV, no cell of which a spreadsheet takes for a formula."""
    form = AuditForm(request.GET)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    count = 0
    for entry in export_rows(form.query()):
        writer.writerow(_cell(getattr(entry, column)) for column in _COLUMNS)
        count += 1
    record("audit.exported", after={"entries": count, "filter": sorted(form.changed_data)})
    name = f"audit-{timezone.localdate():%Y-%m-%d}.csv"
    return HttpResponse(
        # The mark tells Excel that the text is UTF-8.
        "\ufeff" + text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return safe_cell(json.dumps(value, ensure_ascii=False, sort_keys=True) if value else "")
    return safe_cell(value.isoformat() if hasattr(value, "isoformat") else value)


def _number(request: HttpRequest, name: str) -> int | None:
    raw = request.GET.get(name, "")
    return int(raw) if raw.isdecimal() and len(raw) < 19 else None
