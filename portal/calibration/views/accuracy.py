"""The Accuracy page, for reading and for printing, and its tables as CSV."""

from __future__ import annotations

import csv
import io

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal.audit.services import record
from portal.calibration.selectors.accuracy import SEEN_DAYS, accuracy
from portal.calibration.tables import accuracy_tables
from portal.core.context import current_actor, require
from portal.core.errors import NotFound
from portal.core.http import is_partial, page
from portal.core.spreadsheet import safe_cell
from portal.ui.charts import bars

__all__ = ["accuracy_csv", "accuracy_page"]

_CHART_HEIGHT = 60.0


@page("calibration.view")
def accuracy_page(request: HttpRequest) -> HttpResponse:
    found = accuracy(seen_days=_seen_days(request))
    weeks = found.observed.weeks if found.observed else ()
    context = {
        "accuracy": found,
        "given_bars": bars([week.names.given for week in weeks], height=_CHART_HEIGHT),
        "wrong_bars": bars([week.names.wrong for week in weeks], height=_CHART_HEIGHT),
        "weeks_given": sum(week.names.given for week in weeks),
        "weeks_wrong": sum(week.names.wrong for week in weeks),
        "seen_days": SEEN_DAYS,
        "printed_by": current_actor().label,
        "may_export_people": current_actor().may("people.export"),
        "may_measure": current_actor().may("calibration.manage"),
    }
    template = "calibration/_accuracy.html" if is_partial(request) else "calibration/accuracy.html"
    return render(request, template, context)


@page("calibration.view")
def accuracy_csv(request: HttpRequest, table: str) -> HttpResponse:
    """One of the page's tables. Lists of people leave the house only with the right to export
    people, and what is taken is written down."""
    found = accuracy_tables(accuracy(seen_days=_seen_days(request))).get(table)
    if found is None:
        raise NotFound("There is no such table, or nothing is in it yet. Reload the page.")
    if found.names_people:
        require("people.export")
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(found.head)
    writer.writerows([safe_cell(cell) for cell in row] for row in found.rows)
    record("calibration.accuracy.exported", after={"table": table, "rows": len(found.rows)})
    name = f"accuracy-{table}-{timezone.localdate():%Y-%m-%d}.csv"
    return HttpResponse(
        # The mark tells Excel that the text is UTF-8.
        "\ufeff" + text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def _seen_days(request: HttpRequest) -> int:
    """Of the choices; anything else is a month."""
    text = request.GET.get("days", "")
    return next((days for days in SEEN_DAYS if text == str(days)), 30)
