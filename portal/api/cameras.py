"""``/cameras``: snapshots in, and the list of cameras."""

from __future__ import annotations

from datetime import datetime
from typing import cast
from uuid import UUID

from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from ninja import Router, Status

from portal.api.auth import TokenAuth, actor_of
from portal.api.schemas import CameraOut, ErrorOut, SnapshotOut, StateName
from portal.cameras.models import Camera
from portal.cameras.selectors import camera_of_key, visible_cameras
from portal.core.context import acting_as
from portal.core.errors import DomainError
from portal.sightings.services import submit_snapshot

__all__ = ["router"]

router = Router()


@router.get(
    "",
    auth=TokenAuth(),
    response={200: list[CameraOut], frozenset({401, 403}): ErrorOut},
    summary="List cameras",
)
def cameras(request: HttpRequest) -> list[Camera]:
    with acting_as(actor_of(request)):
        return list(visible_cameras())


@router.post(
    "/{camera_id}/snapshots",
    auth=None,
    response={202: SnapshotOut, frozenset({400, 401, 403, 413, 422}): ErrorOut},
    summary="Send a snapshot",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "image/jpeg": {"schema": {"type": "string", "format": "binary"}},
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {"image": {"type": "string", "format": "binary"}},
                    }
                },
            },
        },
        "security": [{"cameraKey": []}],
    },
)
def snapshot(request: HttpRequest, camera_id: UUID) -> Status[SnapshotOut]:
    """The picture as the body (or the multipart field ``image``), the camera's key as
    ``Authorization: Bearer``. ``X-Captured-At`` (ISO 8601) says when it was taken. With an
    ``Idempotency-Key`` a delivery may be repeated without making a second result."""
    key = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    address = request.META.get("REMOTE_ADDR", "")
    camera, actor = camera_of_key(
        camera_id, key or request.headers.get("X-Camera-Key", ""), address=address
    )
    with acting_as(actor):
        row, is_new = submit_snapshot(
            camera,
            _picture(request),
            captured_at=_instant(request.headers.get("X-Captured-At", "")),
            idempotency_key=request.headers.get("Idempotency-Key", ""),
        )
    return Status(202, SnapshotOut(id=row.pk, state=cast("StateName", row.state), is_new=is_new))


def _picture(request: HttpRequest) -> bytes:
    """The multipart field, else the body; of a form that was read the body cannot be had again."""
    if not (request.content_type or "").startswith("multipart/"):
        return request.body
    upload = request.FILES.get("image")
    if upload is None:
        raise DomainError(
            "The form has no file in its field “image”. Send the picture there, or as the body.",
            code="image.missing",
        )
    data: bytes = upload.read()
    return data


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    try:
        instant = parse_datetime(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise DomainError(
            f"X-Captured-At is “{text[:40]}”; expected ISO 8601 with an offset, for example "
            "2026-03-29T08:15:00+01:00.",
            code="request.captured_at",
        )
    return instant
