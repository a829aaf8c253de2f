"""What is done to a camera with one button: a new key, on and off."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from portal.cameras import services
from portal.cameras.selectors import visible_camera
from portal.core.http import page

__all__ = ["NEW_KEY", "renew_key", "switch"]

# Where the session holds a new key until it was shown.
NEW_KEY = "new_camera_key"


@page("cameras.manage")
@require_POST
def renew_key(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    camera = visible_camera(camera_id)
    request.session[NEW_KEY] = {str(camera.pk): services.renew_key(camera)}
    return redirect("cameras:detail", camera.pk)


@page("cameras.manage")
@require_POST
def switch(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    is_enabled = request.POST.get("is_enabled") == "1"
    camera = services.set_enabled(visible_camera(camera_id), is_enabled=is_enabled)
    messages.success(request, f"{camera.name} is switched {'on' if is_enabled else 'off'}.")
    return redirect("cameras:detail", camera.pk)
