"""The pages of a roster import: upload, columns, dry run, progress, report."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.core.errors import DomainError
from portal.core.http import is_partial, page, posted
from portal.journal.services import undo_act
from portal.roster import services
from portal.roster.forms import ColumnsForm, UploadForm
from portal.roster.models import RosterImport
from portal.roster.report import SAMPLE, report_lines
from portal.roster.selectors import (
    counts_of,
    row_views,
    rows_of,
    stray_photos,
    visible_roster,
    visible_rosters,
)

__all__ = ["apply", "columns", "detail", "discard", "report", "sample", "start", "stop", "undo"]

PAGE = 50
RECENT = 10


@page("people.import")
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    form = UploadForm(posted(request), request.FILES if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        sheet, photos = form.cleaned_data["sheet"], form.cleaned_data["photos"]
        try:
            roster = services.take_in(
                sheet.chunks(),
                file_name=sheet.name,
                photos=photos.chunks() if photos else None,
                photos_name=photos.name if photos else "",
            )
        except DomainError as error:
            form.add_error("photos" if error.code == "roster.archive" else "sheet", error.message)
        else:
            return redirect("roster:columns", roster.pk)
    context = {"form": form, "recent": list(visible_rosters()[:RECENT])}
    return render(request, "roster/start.html", context, status=422 if form.errors else 200)


@page("people.import")
@require_GET
def sample(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(
        SAMPLE.encode(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="roster-sample.csv"'},
    )


@page("people.import")
@require_http_methods(["GET", "POST"])
def columns(request: HttpRequest, roster_id: UUID) -> HttpResponse:
    roster = visible_roster(roster_id)
    form = ColumnsForm(posted(request), roster=roster)
    if request.method == "POST" and form.is_valid():
        try:
            services.confirm_columns(
                roster, form.mapping(), options=form.options(), site_id=form.site_id()
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            return redirect("roster:detail", roster.pk)
    context = {"roster": roster, "form": form, "preview": roster.options.get("preview", [])}
    return render(request, "roster/columns.html", context, status=422 if form.errors else 200)


@page("people.import")
@require_GET
def detail(request: HttpRequest, roster_id: UUID) -> HttpResponse:
    """The dry run, the progress or the report, by the state of the import."""
    roster = visible_roster(roster_id)
    if roster.state == RosterImport.State.MAPPING:
        return redirect("roster:columns", roster.pk)
    query = request.GET.copy()
    if query.pop("was", [roster.state])[-1] != roster.state:
        # The head and its buttons are those of another state.
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    outcome, text = query.get("outcome", ""), query.get("q", "")
    rows = Paginator(rows_of(roster, outcome=outcome, text=text), PAGE).get_page(
        request.GET.get("page")
    )
    counts = counts_of(roster)
    context = {
        "roster": roster,
        "counts": counts,
        "page_obj": rows,
        "rows": row_views(list(rows)),
        "strays": stray_photos(roster) if counts.photos_unclaimed else [],
        "outcome": outcome,
        "text": text,
        "chips": [
            ("", "All", counts.rows),
            ("new", "New", counts.new),
            ("changed", "Changed", counts.changed),
            ("unchanged", "Unchanged", counts.unchanged),
            ("refused", "Refused", counts.refused),
            ("photos", "Photo problems", None),
        ],
        "can_undo": roster.act is not None and roster.act.undone_at is None,
        "poll": f"?{query.urlencode()}&was={roster.state}",
    }
    template = "roster/_body.html" if is_partial(request) else "roster/detail.html"
    return render(request, template, context)


@page("people.import")
@require_POST
def apply(request: HttpRequest, roster_id: UUID) -> HttpResponse:
    services.begin_apply(visible_roster(roster_id))
    return redirect("roster:detail", roster_id)


@page("people.import")
@require_POST
def stop(request: HttpRequest, roster_id: UUID) -> HttpResponse:
    services.stop_roster(visible_roster(roster_id))
    messages.success(request, "The import was stopped. What was done stays, and can be undone.")
    return redirect("roster:detail", roster_id)


@page("people.import")
@require_POST
def discard(request: HttpRequest, roster_id: UUID) -> HttpResponse:
    services.discard_roster(visible_roster(roster_id))
    messages.success(request, "The uploaded files were deleted. Nobody was changed.")
    return redirect("roster:start")


@page("people.import")
@require_POST
def undo(request: HttpRequest, roster_id: UUID) -> HttpResponse:
    roster = visible_roster(roster_id)
    if roster.act is None:
        raise DomainError(
            "This import changed nothing that could be undone.",
            code="journal.none",
            http_status=409,
        )
    undo_act(roster.act)
    messages.success(
        request, "The import was undone. Lines that changed since were left alone, and say so."
    )
    return redirect("roster:detail", roster_id)


@page("people.import")
@require_GET
def report(_request: HttpRequest, roster_id: UUID) -> HttpResponse:
    roster = visible_roster(roster_id)
    return HttpResponse(
        "".join(report_lines(roster)),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="roster-report.csv"',
            "Cache-Control": "private, no-store",
        },
    )
