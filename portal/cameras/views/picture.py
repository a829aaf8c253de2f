"""What a camera shows at present: whether pictures arrive, and its last still."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.audit.services import record_view
from portal.cameras.selectors import connection_of, visible_camera
from portal.core.errors import NotFound
from portal.core.http import page, picture_response
from portal.core.vault import vault
from recognition.intake import reencode_jpeg

__all__ = ["connection", "still"]

SHOWN_SIDE_PX = 1280


@page("cameras.view")
def connection(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    camera = visible_camera(camera_id)
    context = {"camera": camera, "connection": connection_of(camera)}
    return render(request, "cameras/_connection.html", context)


@page("cameras.view")
def still(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    """The last picture that was kept, written anew: what a sender put into it does not go out.
    There may be faces in it, so looking is audited."""
    camera = visible_camera(camera_id)
    if not camera.still_key:
        raise NotFound("This camera has sent no picture yet.")
    jpeg = vault().get(camera.still_key)
    record_view("cameras.still.viewed", target=camera)
    return picture_response(reencode_jpeg(jpeg, max_side_px=SHOWN_SIDE_PX).data)
