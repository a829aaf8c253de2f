"""One camera: what it sees, how it is, and its key, which is shown once."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.cameras.selectors import visible_camera
from portal.cameras.views.health import funnel_context, health_context
from portal.cameras.views.switches import NEW_KEY
from portal.core.http import page

__all__ = ["detail"]


@page("cameras.view")
def detail(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    """The key is in the session for one look only; afterwards nobody can read it again."""
    camera = visible_camera(camera_id)
    new_keys = request.session.pop(NEW_KEY, {})
    key = new_keys.get(str(camera.pk), "")
    context = {
        **health_context(camera),
        **funnel_context(camera, request.GET.get("period", "")),
        "new_key": key,
        "camera_command": (
            f'curl --data-binary @photo.jpg -H "Content-Type: image/jpeg" \\\n'
            f'  -H "Authorization: Bearer {key or "<key>"}" \\\n'
            f"  {settings.CSRF_TRUSTED_ORIGINS[0]}/api/v1/cameras/{camera.pk}/snapshots"
        ),
    }
    return render(request, "cameras/detail.html", context)
