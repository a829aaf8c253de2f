"""The settings of a camera: one page with a form for each thing that can be changed."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.conf import settings as django_settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal.cameras import services
from portal.cameras.forms import (
    DetailsForm,
    RegionForm,
    SourceForm,
    hours_formset,
    week_of,
)
from portal.cameras.models import Camera
from portal.cameras.selectors import (
    connection_of,
    deciding_everywhere,
    has_seen_somebody,
    visible_camera,
)
from portal.core.errors import DomainError
from portal.core.http import page, posted

__all__ = ["address", "delete", "region", "schedule", "settings"]


@page("cameras.manage")
@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    camera = visible_camera(camera_id)
    form = DetailsForm(posted(request), camera=camera)
    if request.method == "POST" and form.is_valid():
        try:
            camera = services.update_camera(camera, form.details())
        except DomainError as error:
            is_offset = error.code.startswith("camera.offset")
            form.add_error("threshold_offset" if is_offset else "name", error.message)
        else:
            return _saved(request, camera, "The settings are saved.")
    return _page(request, camera, details=form)


@page("cameras.manage")
@require_POST
def address(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    camera = visible_camera(camera_id)
    form = SourceForm(request.POST, camera=camera)
    if form.is_valid():
        try:
            camera = services.replace_source(camera, form.source(camera.kind))
        except DomainError as error:
            if not form.add_refusal(error.code, error.message, kind=camera.kind):
                raise
        else:
            return _saved(request, camera, "The new address is stored. Gatehouse connects to it.")
    return _page(request, camera, source=form)


@page("cameras.manage")
@require_POST
def region(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    camera = visible_camera(camera_id)
    form = RegionForm(request.POST)
    if form.is_valid():
        try:
            camera = services.set_region(camera, form.cleaned_data["corners"])
        except DomainError as error:
            form.add_error("corners", error.message)
        else:
            words = "Faces within the region are looked at." if camera.region else ""
            return _saved(request, camera, words or "The whole picture is looked at.")
    return _page(request, camera, region=form)


@page("cameras.manage")
@require_POST
def schedule(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    camera = visible_camera(camera_id)
    hours = hours_formset(request.POST, camera=camera)
    if hours.is_valid():
        camera = services.set_schedule(camera, week_of(hours))
        return _saved(request, camera, "The hours are saved.")
    return _page(request, camera, hours=hours)


@page("cameras.manage")
@require_POST
def delete(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    camera = visible_camera(camera_id)
    services.delete_camera(camera)
    messages.success(request, f"{camera.name} is deleted.")
    return redirect("cameras:list")


def _saved(request: HttpRequest, camera: Camera, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect("cameras:settings", camera.pk)


def _page(request: HttpRequest, camera: Camera, **posted_forms: Any) -> HttpResponse:
    """The whole page, with whatever was posted and refused in its place: status 422."""
    forms = {
        "details": DetailsForm(camera=camera),
        "source": SourceForm(camera=camera),
        "region": RegionForm(initial={"corners": json.dumps(camera.region)}),
        "hours": hours_formset(camera=camera),
        **posted_forms,
    }
    found = deciding_everywhere()
    context = {
        **forms,
        "camera": camera,
        "connection": connection_of(camera),
        "threshold": found.policy.threshold,
        "rule": found.rule,
        "needs_two": django_settings.CALIBRATION_NEEDS_TWO,
        "has_seen": has_seen_somebody(camera),
    }
    is_refused = any(form.is_bound and not form.is_valid() for form in posted_forms.values())
    return render(request, "cameras/settings.html", context, status=422 if is_refused else 200)
