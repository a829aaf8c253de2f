"""A browser tab as a camera: the page, and the frames that it sends."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from portal.cameras.models import Camera
from portal.cameras.selectors import visible_camera
from portal.core.errors import DomainError
from portal.core.http import allow_camera, page
from portal.sightings.selectors import faces_of, visible_recognition
from portal.sightings.services import submit_snapshot

__all__ = ["frame", "overlay", "webcam"]


@page("sightings.recognise")
def webcam(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    camera = _browser_camera(camera_id)
    return allow_camera(render(request, "sightings/webcam.html", {"camera": camera}))


@page("sightings.recognise")
@require_POST
def frame(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    """One frame of the webcam as the request's body; answers 202 with the recognition's id."""
    row, _ = submit_snapshot(_browser_camera(camera_id), request.body)
    return JsonResponse({"id": str(row.pk)}, status=202)


@page("sightings.view")
def overlay(request: HttpRequest, recognition_id: UUID) -> HttpResponse:
    """The boxes and names of one frame, to be laid over the video."""
    row = visible_recognition(recognition_id)
    return render(request, "sightings/_overlay.html", {"row": row, "faces": faces_of(row)})


def _browser_camera(camera_id: UUID) -> Camera:
    camera = visible_camera(camera_id)
    if camera.kind != Camera.Kind.BROWSER:
        raise DomainError(
            f"{camera.name} sends snapshots by itself; it is not a browser camera.",
            code="camera.kind",
        )
    if not camera.is_enabled:
        raise DomainError(
            f"{camera.name} is switched off.", code="camera.disabled", http_status=403
        )
    return camera
