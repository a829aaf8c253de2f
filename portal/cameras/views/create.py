"""Adding a camera."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.cameras import services
from portal.cameras.forms import KIND_CARDS, CameraForm
from portal.cameras.views.switches import NEW_KEY
from portal.core.errors import DomainError
from portal.core.http import page, posted

__all__ = ["create"]


@page("cameras.manage")
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """On to the settings, which show whether pictures arrive; for a camera that sends them itself
    to its page, with the key."""
    form = CameraForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            camera, key = services.create_camera(**form.camera())
        except DomainError as error:
            if not form.add_refusal(error.code, error.message, kind=form.cleaned_data["kind"]):
                form.add_error("name", error.message)
        else:
            if camera.is_live:
                return redirect("cameras:settings", camera.pk)
            request.session[NEW_KEY] = {str(camera.pk): key}
            return redirect("cameras:detail", camera.pk)
    context = {"form": form, "kinds": KIND_CARDS, "kind": form["kind"].value() or "rtsp"}
    status = 422 if form.errors else 200
    return render(request, "cameras/create.html", context, status=status)
