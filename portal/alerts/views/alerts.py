"""The list of alerts, one alert, and what is done with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from portal.alerts import services
from portal.alerts.filters import AlertFilter
from portal.alerts.rows import alert_rows
from portal.alerts.selectors import (
    alarms_among,
    in_order,
    troubled_channels,
    visible_alert,
    visible_alerts,
)
from portal.alerts.wording import about
from portal.core.errors import DomainError
from portal.core.http import is_partial, page
from portal.journal.models import Act
from portal.journal.notices import tell

__all__ = ["acknowledge", "alarms", "close", "detail", "index"]

PAGE = 50
# A browser asks about what it was just told of, not about everything.
MOST_ALARMS = 20
_KEYS = ("state", "rule", "camera", "since", "until")
# Refused, and no reason to leave the list.
_TOLD_ON_THE_PAGE = frozenset({400, 409})


@page("alerts.view")
def index(request: HttpRequest) -> HttpResponse:
    """Without a filter, what is not closed."""
    query = request.GET if any(name in request.GET for name in _KEYS) else QueryDict("state=active")
    found = AlertFilter(query, queryset=visible_alerts())
    alerts = Paginator(in_order(found.qs), PAGE).get_page(request.GET.get("page"))
    context = {
        "page_obj": alerts,
        "rows": alert_rows(list(alerts)),
        "filter": found,
        "is_narrowed": any(query.get(name) for name in _KEYS if name != "state")
        or query.get("state") not in {"active", ""},
        "troubled": troubled_channels(),
        "here": request.get_full_path(),
    }
    template = "alerts/_alerts.html" if is_partial(request) else "alerts/list.html"
    return render(request, template, context)


@page("alerts.view")
def detail(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    alert = visible_alert(alert_id)
    (row,) = alert_rows([alert])
    context = {
        "row": row,
        "deliveries": alert.deliveries.select_related("channel").order_by("channel__name"),
    }
    template = "alerts/_alert.html" if is_partial(request) else "alerts/detail.html"
    return render(request, template, context)


@page("alerts.view")
@require_GET
def alarms(request: HttpRequest) -> HttpResponse:
    """For a message on whatever page is open: which of these are alarms to be told of."""
    found = alarms_among(_ids(request.GET.getlist("ids")[:MOST_ALARMS]))
    answer = [
        {
            "message": f"{about(alert)}{f' at {alert.camera}' if alert.visit_id else ''}",
            "url": reverse("alerts:detail", args=[alert.pk]),
        }
        for alert in found
    ]
    return JsonResponse({"alarms": answer})


@page("alerts.view")
@require_POST
def acknowledge(request: HttpRequest) -> HttpResponse:
    return _answer(request, services.acknowledge_alerts)


@page("alerts.view")
@require_POST
def close(request: HttpRequest) -> HttpResponse:
    return _answer(request, services.close_alerts)


def _answer(request: HttpRequest, act_on: Callable[..., Act]) -> HttpResponse:
    try:
        act = act_on(_ids(request.POST.getlist("ids")), memo=request.POST.get("memo", ""))
    except DomainError as error:
        if error.http_status not in _TOLD_ON_THE_PAGE:
            raise
        messages.error(request, error.message)
    else:
        tell(request, f"{act.title}.", act)
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return redirect(back if is_ours else "alerts:list")


def _ids(values: Sequence[str]) -> list[UUID]:
    try:
        return [UUID(value) for value in values]
    except ValueError as error:
        raise DomainError("These are no alerts.", code="alert.ids") from error
