"""The pages of files of punches: upload and history, dry run, progress, report."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.attendance.forms.punch_import import PunchFileForm
from portal.attendance.selectors.punch_import import (
    earlier_import,
    refused_rows,
    visible_import,
    visible_imports,
)
from portal.attendance.services.punch_import_apply import begin_import
from portal.attendance.services.punch_import_columns import SAMPLE
from portal.attendance.services.punch_import_lifecycle import (
    discard_import,
    stop_import,
    take_in,
)
from portal.attendance.services.punch_import_report import export_refused
from portal.core.errors import DomainError
from portal.core.http import is_partial, page, posted
from portal.people.views.sending import as_attachment

__all__ = ["apply", "detail", "discard", "imports", "refused", "sample", "stop"]

_PAGE = 50
_HISTORY = 20


@page("attendance.manage")
@require_http_methods(["GET", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    form = PunchFileForm(posted(request), request.FILES if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            imported = take_in(
                file.chunks(),
                file_name=file.name,
                time_zone=form.cleaned_data["time_zone"],
                is_month_first=form.is_month_first,
            )
        except DomainError as error:
            form.add_error("file", error.message)
        else:
            return redirect("attendance:import_detail", imported.pk)
    history = Paginator(visible_imports(), _HISTORY).get_page(request.GET.get("page"))
    context = {"tab": "imports", "form": form, "page_obj": history}
    status = 422 if form.errors else 200
    return render(request, "attendance/imports.html", context, status=status)


@page("attendance.manage")
@require_GET
def sample(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(
        SAMPLE.encode(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="punches-sample.csv"'},
    )


@page("attendance.manage")
@require_GET
def detail(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """The dry run, the progress or the report, by the state of the import."""
    imported = visible_import(import_id)
    query = request.GET.copy()
    if query.pop("was", [imported.state])[-1] != imported.state:
        # The head and its buttons are those of another state.
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    rows = Paginator(refused_rows(imported), _PAGE).get_page(request.GET.get("page"))
    context = {
        "tab": "imports",
        "imported": imported,
        "earlier": earlier_import(imported),
        "page_obj": rows,
        "poll": f"?{query.urlencode()}&was={imported.state}",
    }
    template = "attendance/_import.html" if is_partial(request) else "attendance/import.html"
    return render(request, template, context)


@page("attendance.manage")
@require_POST
def apply(request: HttpRequest, import_id: UUID) -> HttpResponse:
    begin_import(visible_import(import_id).pk)
    return redirect("attendance:import_detail", import_id)


@page("attendance.manage")
@require_POST
def stop(request: HttpRequest, import_id: UUID) -> HttpResponse:
    stop_import(visible_import(import_id).pk)
    messages.success(request, "The import was stopped. What was entered stays.")
    return redirect("attendance:import_detail", import_id)


@page("attendance.manage")
@require_POST
def discard(request: HttpRequest, import_id: UUID) -> HttpResponse:
    discard_import(visible_import(import_id).pk)
    messages.success(request, "The uploaded file was deleted. Nothing was entered.")
    return redirect("attendance:imports")


@page("attendance.manage")
@require_GET
def refused(request: HttpRequest, import_id: UUID) -> StreamingHttpResponse:
    file = export_refused(visible_import(import_id))
    return as_attachment(request, file, kind="csv", of="refused-punches")
