"""The register of people who look alike: what Gatehouse does about them, and two answers."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal.calibration.filters import LookAlikeFilter
from portal.calibration.selectors.look_alikes import (
    look_alikes_of,
    neighbours,
    register,
    visible_look_alike,
)
from portal.core.http import is_partial, page
from portal.hygiene.services import tell_apart
from portal.journal.notices import tell

__all__ = ["different", "index"]

PAGE: Final = 24


@page("calibration.view")
def index(request: HttpRequest) -> HttpResponse:
    found = LookAlikeFilter(request.GET, queryset=register())
    rows = Paginator(found.qs, PAGE).get_page(request.GET.get("page"))
    context = {
        "page_obj": rows,
        "rows": look_alikes_of(list(rows)),
        "filter": found,
        "is_filtered": any(request.GET.get(name) for name in found.filters),
        "neighbours": neighbours(),
    }
    template = "_look_alikes.html" if is_partial(request) else "look_alikes.html"
    return render(request, f"calibration/look_alikes/{template}", context)


@page("calibration.view")
@require_POST
def different(request: HttpRequest, pair_id: UUID) -> HttpResponse:
    """They are two people: nobody asks again, and the stricter rule stays."""
    pair = visible_look_alike(pair_id)
    act = tell_apart(pair)
    names = f"{pair.first.name} and {pair.second.name}"
    tell(request, f"{names} are different people. Both stay guarded.", act)
    query = request.GET.urlencode()
    return redirect(f"{reverse('calibration:look_alikes')}{'?' if query else ''}{query}")
