"""The list of corrections, one of them, and what is decided on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from portal.attendance.forms.corrections import AnswerForm, UndoForm
from portal.attendance.models import Adjustment, Correction
from portal.attendance.selectors.correction_list import (
    readable_correction,
    readable_corrections,
    waiting_for_me,
)
from portal.attendance.selectors.corrections import standing_corrections
from portal.attendance.selectors.deciders import others_who_may_decide, user_of, why_not
from portal.attendance.selectors.preview import preview_day
from portal.attendance.selectors.stored_days import DayChange, changes_between, facts_read
from portal.attendance.services.corrections import ask_undo, withdraw_correction
from portal.attendance.services.decisions import approve_correction, refuse_correction
from portal.attendance.services.evidence import read_evidence
from portal.audit.services import record_view
from portal.core.context import current_actor
from portal.core.errors import DomainError
from portal.core.http import is_partial, page

__all__ = ["approve", "detail", "evidence", "index", "refuse", "undo", "withdraw"]

PAGE = 50
_TOLD_ON_THE_PAGE = frozenset({403, 409, 422})


@page("self.view")
def index(request: HttpRequest) -> HttpResponse:
    """What waits for the actor first; without anything to decide on, everything."""
    decides = current_actor().may("attendance.decide")
    show = request.GET.get("show", "mine" if decides else "all")
    rows = readable_corrections().order_by("-id")
    if show == "mine" and decides:
        rows = waiting_for_me().order_by("work_date", "id")
    elif show in Correction.State.values:
        rows = rows.filter(state=show)
    context = {
        "page_obj": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "show": show,
        "states": Correction.State.choices,
        "decides": decides,
        "waiting": waiting_for_me().count() if decides else 0,
        "tab": "corrections",
    }
    name = "_corrections" if is_partial(request) else "corrections"
    return render(request, f"attendance/{name}.html", context)


@page("self.view")
def detail(request: HttpRequest, correction_id: UUID) -> HttpResponse:
    return render(request, "attendance/corrections_detail.html", _context(correction_id))


@page("attendance.decide")
@require_POST
def approve(request: HttpRequest, correction_id: UUID) -> HttpResponse:
    note = request.POST.get("note", "")
    return _act(
        request,
        correction_id,
        lambda row: approve_correction(row, note=note),
        "Approved. The day is computed with it.",
    )


@page("attendance.decide")
@require_POST
def refuse(request: HttpRequest, correction_id: UUID) -> HttpResponse:
    note = request.POST.get("note", "")
    return _act(
        request,
        correction_id,
        lambda row: refuse_correction(row, note=note),
        "Refused. Whoever asked is told why.",
    )


@page("self.view")
@require_POST
def withdraw(request: HttpRequest, correction_id: UUID) -> HttpResponse:
    return _act(request, correction_id, withdraw_correction, "Withdrawn. The day stays as it is.")


@page("self.view")
@require_POST
def undo(request: HttpRequest, correction_id: UUID) -> HttpResponse:
    reason = request.POST.get("reason", "")
    return _act(
        request,
        correction_id,
        lambda row: ask_undo(row, reason=reason),
        "Sent. It counts until somebody else has decided on this.",
    )


@page("self.view")
@require_GET
def evidence(request: HttpRequest, correction_id: UUID) -> HttpResponse:
    """Never run as a page: a PDF is handed over as a file."""
    row = readable_correction(correction_id)
    found = read_evidence(row)
    record_view("attendance.evidence.viewed", target=row)
    response = HttpResponse(
        found.data,
        content_type="application/pdf" if found.is_pdf else "image/jpeg",
        headers={
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
        },
    )
    disposition = "attachment" if found.is_pdf else "inline"
    name = found.name.encode("ascii", "ignore").decode() or "evidence"
    response["Content-Disposition"] = f'{disposition}; filename="{name}"'
    return response


def _act(
    request: HttpRequest,
    correction_id: UUID,
    act_on: Callable[[Correction], Correction],
    message: str,
) -> HttpResponse:
    row = readable_correction(correction_id)
    try:
        done = act_on(row)
    except DomainError as error:
        if error.http_status not in _TOLD_ON_THE_PAGE:
            raise
        messages.error(request, error.message)
        return redirect("attendance:correction", correction_id)
    messages.success(request, message)
    return redirect("attendance:correction", done.pk)


def _context(correction_id: UUID) -> dict[str, Any]:
    row = readable_correction(correction_id)
    actor = current_actor()
    user = user_of(actor)
    is_open = row.state == Correction.State.REQUESTED
    reason = why_not(row, user) if user is not None else ""
    decides = is_open and actor.may("attendance.decide")
    stands = row in standing_corrections(row.person_id, row.work_date)
    return {
        "row": row,
        "zone": row.person.site.time_zone,
        "now": timezone.now(),
        "is_open": is_open,
        "why_not": reason if decides else "",
        "answer": AnswerForm() if decides and not reason else None,
        "nobody": is_open
        and not others_who_may_decide(row.person, requester_id=row.requested_by_id),
        "may_withdraw": is_open
        and user is not None
        and (row.requested_by_id == user.pk or row.person_id == user.person_id),
        "undo_form": UndoForm() if stands and _may_ask(row) else None,
        "stands": stands,
        "preview": preview_day(row.person, row) if is_open else None,
        "changes": _stored_changes(row),
        "off_by_min": _off_by_min(row),
        "undone_by": row.undone_by.exclude(state=Correction.State.WITHDRAWN).order_by("id").last(),
    }


def _stored_changes(row: Correction) -> tuple[DayChange, ...]:
    if row.before is None or row.after is None:
        return ()
    before, after = (map(facts_read, each["days"]) for each in (row.before, row.after))
    return changes_between(before, after)


def _off_by_min(row: Correction) -> int:
    """By how much paid time a settled day is off, with all that came of it; 0 elsewhere."""
    found = Adjustment.objects.filter(person=row.person_id, work_date=row.work_date)
    return found.aggregate(total=Sum("payable_delta_min"))["total"] or 0


def _may_ask(row: Correction) -> bool:
    actor = current_actor()
    user = user_of(actor)
    return actor.may("attendance.request") or (user is not None and user.person_id == row.person_id)
