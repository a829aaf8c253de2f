"""Where the rule applies, and what single cameras add to its threshold."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from portal.calibration.forms.where import OffsetForm
from portal.calibration.selectors.where import where_it_applies
from portal.cameras.selectors import visible_camera
from portal.cameras.services import set_offset
from portal.cameras.services.settings import OFFSETS
from portal.core.errors import DomainError
from portal.core.http import is_partial, page

__all__ = ["index", "offset"]


@page("calibration.view")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    context = {
        "where": where_it_applies(),
        "least": OFFSETS[0],
        "most": OFFSETS[1],
        "needs_two": settings.CALIBRATION_NEEDS_TWO,
    }
    template = "_where.html" if is_partial(request) else "where.html"
    return render(request, f"calibration/where/{template}", context)


@page("cameras.manage")
@require_POST
def offset(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    """Give a camera an offset of its own, or with 0 take it away."""
    camera = visible_camera(camera_id)
    form = OffsetForm(request.POST)
    if form.is_valid():
        try:
            camera = set_offset(camera, form.cleaned_data["offset"])
        except DomainError as error:
            form.add_error("offset", error.message)
    if form.is_valid():
        said = f"{camera.name} follows the rule as it is."
        if camera.threshold_offset:
            said = f"{camera.name} adds {camera.threshold_offset:+.2f} to the threshold."
        messages.success(request, said)
    else:
        messages.error(request, f"{camera.name}: {form.errors['offset'][0]} Nothing was changed.")
    return redirect("calibration:cameras")
