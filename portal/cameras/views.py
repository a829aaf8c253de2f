"""Cameras: the list, one camera with its key, and the browser tab that is a camera."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal.cameras import services
from portal.cameras.forms import CameraForm
from portal.cameras.selectors import visible_camera, visible_cameras
from portal.core.errors import DomainError
from portal.core.http import is_partial, page, posted

__all__ = ["create", "detail", "index", "renew_key", "switch"]

_NEW_KEY = "new_camera_key"


@page("cameras.view")
def index(request: HttpRequest) -> HttpResponse:
    template = "cameras/_tiles.html" if is_partial(request) else "cameras/list.html"
    return render(request, template, {"cameras": list(visible_cameras())})


@page("cameras.manage")
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    form = CameraForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            camera, key = services.create_camera(**form.cleaned_data)
        except DomainError as error:
            form.add_error("name", error.message)
        else:
            request.session[_NEW_KEY] = {str(camera.pk): key}
            return redirect("cameras:detail", camera.pk)
    status = 422 if form.errors else 200
    return render(request, "cameras/create.html", {"form": form}, status=status)


@page("cameras.view")
def detail(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    """The key is in the session for one look only; afterwards nobody can read it again."""
    camera = visible_camera(camera_id)
    new_keys = request.session.pop(_NEW_KEY, {})
    key = new_keys.get(str(camera.pk), "")
    context = {
        "camera": camera,
        "new_key": key,
        "camera_command": (
            f'curl --data-binary @photo.jpg -H "Content-Type: image/jpeg" \\\n'
            f'  -H "Authorization: Bearer {key or "<key>"}" \\\n'
            f"  {settings.CSRF_TRUSTED_ORIGINS[0]}/api/v1/cameras/{camera.pk}/snapshots"
        ),
    }
    return render(request, "cameras/detail.html", context)


@page("cameras.manage")
@require_POST
def renew_key(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    camera = visible_camera(camera_id)
    request.session[_NEW_KEY] = {str(camera.pk): services.renew_key(camera)}
    return redirect("cameras:detail", camera.pk)


@page("cameras.manage")
@require_POST
def switch(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    is_enabled = request.POST.get("is_enabled") == "1"
    camera = services.set_enabled(visible_camera(camera_id), is_enabled=is_enabled)
    messages.success(request, f"{camera.name} is switched {'on' if is_enabled else 'off'}.")
    return redirect("cameras:detail", camera.pk)
