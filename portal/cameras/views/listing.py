"""The list of cameras."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.cameras.selectors import STATES, overview
from portal.core.http import is_partial, page
from portal.organisation.models import Site
from portal.organisation.selectors import visible_sites

__all__ = ["index"]


@page("cameras.view")
def index(request: HttpRequest) -> HttpResponse:
    """Filters that name nothing there is narrow nothing: an old bookmark still shows cameras."""
    site, state = request.GET.get("site", ""), request.GET.get("state", "")
    sites = list(visible_sites())
    context = {
        "overview": overview(site_id=_known(site, sites), state=state),
        "sites": sites,
        "site_filter": site,
        "state_filter": state if state in STATES else "",
        "states": [(name, label) for name, (label, _) in STATES.items()],
    }
    template = "cameras/_tiles.html" if is_partial(request) else "cameras/list.html"
    return render(request, template, context)


def _known(site: str, sites: list[Site]) -> UUID | None:
    return next((one.pk for one in sites if str(one.pk) == site), None)
