"""Leave: one's own, other people's, what waits for a decision, and who is away when."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.core.context import current_actor
from portal.core.errors import DomainError, PermissionMissing
from portal.core.http import is_partial, page, posted
from portal.schedules.forms.leave import LeaveFilter, LeaveForm, OwnLeaveForm, reachable_people
from portal.schedules.forms.parts import add_error_of
from portal.schedules.models import Leave
from portal.schedules.selectors.leave import (
    has_begun,
    is_own,
    leave_types,
    own_leaves,
    own_person,
    visible_leave,
    visible_leaves,
    waiting_leaves,
)
from portal.schedules.selectors.leave_length import lengths_of
from portal.schedules.services.leave import (
    approve_leave,
    refuse_leave,
    request_leave,
    withdraw_leave,
)

__all__ = ["approve", "create", "detail", "index", "mine", "queue", "refuse", "withdraw"]

_PAGE: Final = 50
_SUGGESTED: Final = 500


@page("schedules.view")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Everybody's whom one may see, narrowed; for htmx the table alone."""
    wanted = LeaveFilter.read(request.GET)
    rows = wanted.narrow(visible_leaves()).order_by("-first", "person__name", "id")
    found = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
    context = {
        "page_obj": found,
        "rows": _with_lengths(found.object_list),
        "wanted": wanted,
        "is_narrowed": wanted != LeaveFilter(),
        "may_read": current_actor().may("attendance.decide"),
    }
    if is_partial(request):
        return render(request, "schedules/_leave_table.html", context)
    context |= {"types": leave_types(with_retired=True), "states": Leave.State.choices}
    return render(request, "schedules/leave.html", context)


@page("attendance.decide")
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    found = Paginator(waiting_leaves(), _PAGE).get_page(request.GET.get("page"))
    context = {"page_obj": found, "rows": _with_lengths(found.object_list)}
    if is_partial(request):
        return render(request, "schedules/_leave_queue.html", context)
    return render(request, "schedules/leave_queue.html", context)


@page("self.view")
@require_http_methods(["GET", "POST"])
def mine(request: HttpRequest) -> HttpResponse:
    """One's own leave, and the form that asks for more."""
    person = own_person(current_actor())
    form = OwnLeaveForm(posted(request))
    if request.method == "POST" and form.is_valid():
        if person is None:
            raise PermissionMissing(
                "Your account is not linked to a person, so there is nobody to give leave to. Ask "
                "an administrator."
            )
        if _asked(request, form, person):
            return redirect("schedules:my_leave")
    found = Paginator(own_leaves(), _PAGE).get_page(request.GET.get("page"))
    context = {
        "person": person,
        "form": form,
        "page_obj": found,
        "rows": _with_lengths(found.object_list),
        "has_types": leave_types().exists(),
    }
    return render(request, "schedules/my_leave.html", context, status=422 if form.errors else 200)


@page("attendance.request")
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """For somebody else; it waits for another's decision like any other."""
    form = LeaveForm(posted(request), initial={"person": request.GET.get("person", "")})
    if (
        request.method == "POST"
        and form.is_valid()
        and _asked(request, form, form.cleaned_data["person"])
    ):
        return redirect("schedules:leave")
    context = {
        "form": form,
        "people": list(reachable_people()[:_SUGGESTED]),
        "has_types": leave_types().exists(),
    }
    return render(request, "schedules/leave_new.html", context, status=422 if form.errors else 200)


@page("self.view")
@require_GET
def detail(request: HttpRequest, leave_id: UUID) -> HttpResponse:
    return _leave(request, visible_leave(leave_id))


@page("attendance.decide")
@require_POST
def approve(request: HttpRequest, leave_id: UUID) -> HttpResponse:
    leave = visible_leave(leave_id)
    try:
        approve_leave(leave, note=request.POST.get("note", ""))
    except PermissionMissing:
        raise
    except DomainError as error:
        return _leave(request, leave, error=error)
    messages.success(request, f"The leave of {leave.person.name} is approved.")
    return _next(request)


@page("attendance.decide")
@require_POST
def refuse(request: HttpRequest, leave_id: UUID) -> HttpResponse:
    leave = visible_leave(leave_id)
    try:
        refuse_leave(leave, note=request.POST.get("note", ""))
    except PermissionMissing:
        raise
    except DomainError as error:
        return _leave(request, leave, error=error)
    messages.success(request, f"The leave of {leave.person.name} is refused.")
    return _next(request)


@page("self.view")
@require_POST
def withdraw(request: HttpRequest, leave_id: UUID) -> HttpResponse:
    leave = visible_leave(leave_id)
    try:
        withdraw_leave(leave)
    except PermissionMissing:
        raise
    except DomainError as error:
        return _leave(request, leave, error=error)
    messages.success(request, "The leave is withdrawn.")
    return redirect("schedules:leave_detail", leave.pk)


def _asked(request: HttpRequest, form: OwnLeaveForm, person: Any) -> bool:
    try:
        leave = request_leave(person, form.asked())
    except PermissionMissing:
        raise
    except DomainError as error:
        add_error_of(form, error)
        return False
    length = lengths_of([leave])[leave.pk]
    messages.success(
        request,
        f"{length.words} of leave asked for. Somebody else with the right to decide will look at "
        "it.",
    )
    return True


def _leave(request: HttpRequest, leave: Leave, *, error: DomainError | None = None) -> HttpResponse:
    """The page of one leave; with what was refused, and the state that this answers."""
    actor = current_actor()
    is_waiting = leave.state == Leave.State.REQUESTED
    own = is_own(leave, actor)
    began = leave.state == Leave.State.APPROVED and has_begun(leave)
    is_mine = _is_mine(leave)
    may_ask = is_mine or actor.may("attendance.request")
    context = {
        "leave": leave,
        "length": lengths_of([leave])[leave.pk],
        "may_decide": is_waiting and actor.may("attendance.decide") and not own,
        "waits_for_another": is_waiting and actor.may("attendance.decide") and own,
        "may_withdraw": leave.state in {Leave.State.REQUESTED, Leave.State.APPROVED}
        and may_ask
        and (not began or (actor.may("attendance.decide") and not own)),
        "may_read": is_mine
        or str(leave.requested_by_id) == actor.id
        or actor.may("attendance.decide"),
        "today": timezone.localdate(timezone=ZoneInfo(leave.person.site.time_zone)),
        "error": error.message if error is not None else "",
        "note": request.POST.get("note", ""),
        "is_mine": is_mine,
    }
    status = error.http_status if error is not None else 200
    return render(request, "schedules/leave_detail.html", context, status=status)


def _is_mine(leave: Leave) -> bool:
    person = own_person(current_actor())
    return person is not None and person.pk == leave.person_id


def _with_lengths(leaves: Any) -> list[dict[str, Any]]:
    rows = list(leaves)
    lengths = lengths_of(rows)
    return [{"leave": leave, "length": lengths[leave.pk]} for leave in rows]


def _next(request: HttpRequest) -> HttpResponseRedirect:
    """Back to where it was decided."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = reverse("schedules:leave_queue")
    return HttpResponseRedirect(target)
