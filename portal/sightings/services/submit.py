"""Accepting a picture: checked, sealed, written down, and only then acknowledged."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.cameras.models import Camera
from portal.cameras.services import keep_still, note_snapshot
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.vault import vault
from portal.jobs.dispatch import ring_on_commit
from portal.sightings.models import Recognition
from recognition.errors import ImageRejected
from recognition.intake import inspect_image

__all__ = ["submit_picture", "submit_snapshot"]

# Two byte-identical frames of a live sensor do not happen; a sender that repeats itself does.
REPEAT_WINDOW = timedelta(seconds=10)
KEY_LENGTH = 100
# The region of a camera is drawn on its last still, which may be a little old.
STILL_EVERY = timedelta(minutes=1)


def submit_picture(
    data: bytes,
    *,
    source: str,
    file_name: str = "",
    job_id: UUID | None = None,
) -> Recognition:
    """Accept a picture from a user or a program.

    Raises ``DomainError`` with a code ``image.*`` for bytes that are no acceptable picture.
    """
    actor = require("sightings.recognise")
    _inspect(data)
    return _store(
        data,
        Recognition(
            source=source,
            job_id=job_id,
            actor_id=actor.id,
            actor_label=actor.label[:254],
            file_name=file_name[:200],
            captured_at=timezone.now(),
        ),
    )


def submit_snapshot(
    camera: Camera,
    data: bytes,
    *,
    captured_at: datetime | None = None,
    idempotency_key: str = "",
) -> tuple[Recognition, bool]:
    """Accept a camera's snapshot; returns the row and whether it is new.

    The same snapshot delivered again is the row that it became the first time: told by the
    sender's key where there is one, otherwise by equal bytes from the same camera within
    ``REPEAT_WINDOW``.
    """
    require("sightings.recognise")
    if len(idempotency_key) > KEY_LENGTH:
        raise DomainError(
            f"The idempotency key has {len(idempotency_key)} characters; at most {KEY_LENGTH}.",
            code="request.idempotency_key",
        )
    now = timezone.now()
    key = f"{camera.pk.hex}:{idempotency_key}" if idempotency_key else None
    earlier = _earlier(camera, data, key=key, now=now)
    if earlier is not None:
        return earlier, False
    _inspect(data)
    row = Recognition(
        source=Recognition.Source.CAMERA,
        camera=camera,
        actor_id=str(camera.pk),
        actor_label=camera.name,
        idempotency_key=key,
        captured_at=min(captured_at or now, now),
    )
    try:
        row = _store(data, row)
    except IntegrityError:
        # Two deliveries at the same moment: the other one won.
        earlier = _earlier(camera, data, key=key, now=now)
        if earlier is None:
            raise
        return earlier, False
    note_snapshot(camera, at=now, captured_at=captured_at)
    if camera.still_at is None or not timedelta(0) <= now - camera.still_at < STILL_EVERY:
        keep_still(camera.pk, data, at=now)
    return row, True


def _earlier(camera: Camera, data: bytes, *, key: str | None, now: datetime) -> Recognition | None:
    # Asked with every snapshot, and hardly ever with an answer: few columns, half the time.
    known = Recognition.objects.only("state")
    if key is not None:
        return known.filter(idempotency_key=key).first()
    return known.filter(
        camera=camera,
        picture_sha256=_sha256(data),
        created_at__gte=now - REPEAT_WINDOW,
    ).first()


def _inspect(data: bytes) -> None:
    try:
        inspect_image(data)
    except ImageRejected as error:
        status = 413 if error.code == "image.too_many_bytes" else 422
        raise DomainError(error.message, code=error.code, http_status=status) from error


def _store(data: bytes, row: Recognition) -> Recognition:
    row.picture_sha256 = _sha256(data)
    row.picture_key = vault().put("pictures", data)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            ring_on_commit("recognition.drain")
    except IntegrityError:
        vault().delete(row.picture_key)
        raise
    return row


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
