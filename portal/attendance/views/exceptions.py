"""The exceptions inbox, one exception with what would put it right, and what many are done with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from portal.attendance.forms.exceptions import ExceptionFilter
from portal.attendance.models import DayException
from portal.attendance.selectors.exceptions import (
    assignable_users,
    fixes_of,
    inbox,
    inbox_rows,
    kind_counts,
    visible_exception,
)
from portal.attendance.services.exceptions_inbox import (
    ask_excuses,
    ask_fix,
    assign_exceptions,
    waive_exceptions,
)
from portal.core.context import current_actor
from portal.core.errors import DomainError
from portal.core.http import is_partial, page
from portal.journal.models import Act
from portal.journal.notices import tell

__all__ = ["assign", "detail", "excuse", "fix", "index", "waive"]

PAGE: Final = 50
_KEYS: Final = ("q", "kind", "state", "site", "department", "assignee", "since", "until")
_GROUPS: Final = {
    "day": ("-work_date", "person__name", "kind", "id"),
    "kind": ("kind", "-work_date", "person__name", "id"),
    "person": ("person__name", "person_id", "-work_date", "id"),
}
_TOLD_ON_THE_PAGE: Final = frozenset({400, 403, 404, 409, 422})


@page("attendance.view")
def index(request: HttpRequest) -> HttpResponse:
    """Without a filter, what is open."""
    query = request.GET if any(name in request.GET for name in _KEYS) else QueryDict("state=open")
    group = request.GET.get("group", "day")
    group = group if group in _GROUPS else "day"
    found = ExceptionFilter(query, queryset=inbox())
    # Of each kind as many as the other filters leave, so that one can go from kind to kind.
    others = query.copy()
    others.pop("kind", None)
    counts = kind_counts(ExceptionFilter(others, queryset=inbox()).qs)
    rows = Paginator(found.qs.order_by(*_GROUPS[group]), PAGE).get_page(request.GET.get("page"))
    actor = current_actor()
    context = {
        "page_obj": rows,
        "rows": inbox_rows(list(rows)),
        "filter": found,
        "group": group,
        "kinds": [
            (kind.value, kind.label, counts[kind]) for kind in DayException.Kind if counts.get(kind)
        ],
        "kind": query.get("kind", ""),
        "is_narrowed": any(query.get(name) for name in _KEYS if name != "state")
        or query.get("state") != "open",
        "may_manage": actor.may("attendance.manage"),
        "may_ask": actor.may("attendance.request"),
        "users": assignable_users() if actor.may("attendance.manage") else (),
        "here": request.get_full_path(),
        "tab": "exceptions",
    }
    name = "_exceptions" if is_partial(request) else "exceptions"
    return render(request, f"attendance/{name}.html", context)


@page("attendance.view")
def detail(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    exception = visible_exception(exception_id)
    (row,) = inbox_rows([exception])
    actor = current_actor()
    context = {
        "row": row,
        "exception": exception,
        "fixes": fixes_of(exception) if actor.may("attendance.request") else (),
        "may_ask": actor.may("attendance.request"),
        "may_manage": actor.may("attendance.manage"),
        "users": assignable_users() if actor.may("attendance.manage") else (),
    }
    return render(request, "attendance/exceptions_detail.html", context)


@page("attendance.request")
@require_POST
def fix(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    exception = visible_exception(exception_id)
    try:
        row = ask_fix(exception, request.POST.get("fix", ""), reason=request.POST.get("reason", ""))
    except DomainError as error:
        if error.http_status not in _TOLD_ON_THE_PAGE:
            raise
        messages.error(request, error.message)
        return redirect("attendance:exception", exception_id)
    messages.success(request, "Sent. Somebody else decides on it.")
    return redirect("attendance:correction", row.pk)


@page("attendance.manage")
@require_POST
def assign(request: HttpRequest) -> HttpResponse:
    chosen = request.POST.get("user", "")
    if chosen and not chosen.isdigit():
        raise DomainError("This is no account.", code="exception.user")
    return _answer(request, lambda ids: assign_exceptions(ids, int(chosen) if chosen else None))


@page("attendance.manage")
@require_POST
def waive(request: HttpRequest) -> HttpResponse:
    memo = request.POST.get("memo", "")
    return _answer(request, lambda ids: waive_exceptions(ids, memo=memo))


@page("attendance.request")
@require_POST
def excuse(request: HttpRequest) -> HttpResponse:
    """Requests for the days ticked; what cannot be asked for is told beside what was sent."""
    try:
        asked = ask_excuses(
            _ids(request.POST.getlist("ids")), reason=request.POST.get("reason", "")
        )
    except DomainError as error:
        if error.http_status not in _TOLD_ON_THE_PAGE:
            raise
        messages.error(request, error.message)
    else:
        if asked.sent:
            noun = "request" if asked.sent == 1 else "requests"
            messages.success(request, f"Sent {asked.sent} {noun}. Somebody else decides on them.")
        for reason, number in asked.refused:
            messages.warning(request, f"{number} not sent: {reason}")
    return _back(request)


def _answer(request: HttpRequest, act_on: Callable[[Sequence[UUID]], Act]) -> HttpResponse:
    try:
        act = act_on(_ids(request.POST.getlist("ids")))
    except DomainError as error:
        if error.http_status not in _TOLD_ON_THE_PAGE:
            raise
        messages.error(request, error.message)
    else:
        tell(request, f"{act.title}.", act)
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return redirect(back if is_ours else "attendance:exceptions")


def _ids(values: Sequence[str]) -> list[UUID]:
    try:
        return [UUID(value) for value in values]
    except ValueError as error:
        raise DomainError("These are no exceptions.", code="exception.ids") from error
