"""A webcam's frames for the coach and the walk-past test: looked at once, and gone.

A frame is a sealed blob and a row; the task gets the row's id, and the page is told by an event
that holds the id alone. The blob goes with the worker's answer, the row with the page's question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal.core.context import current_actor, require
from portal.core.errors import DomainError
from portal.core.events import FrameRead, publish_on_commit
from portal.core.vault import vault
from portal.enrolment.access import require_edit
from portal.enrolment.models import Enrolment, Frame
from portal.enrolment.services.draft import data_key_of, lock_draft
from portal.jobs.dispatch import dispatch_on_commit
from portal.people.models import Person
from portal.people.services import person_key
from recognition.errors import ImageRejected
from recognition.intake import IntakeLimits, inspect_image, reencode_jpeg

__all__ = [
    "FRAME_LIFE",
    "WaitingFrame",
    "forget_frames",
    "frame_of_draft",
    "frame_of_person",
    "record_frame",
    "reduced",
    "take_result",
    "waiting_frame",
]

# Nobody waits longer for an answer; what is older was left behind.
FRAME_LIFE: Final = timedelta(seconds=30)
# A page has one frame on its way; more come from a page that was loaded twice, or from a script.
_MOST_WAITING: Final = 4
# A page sends frames of 640 px, some 40 kB.
_LIMITS: Final = IntakeLimits(max_bytes=2 * 1024 * 1024, max_pixels=8_000_000)
_REDUCED_SIDE_PX: Final = 1280


@dataclass(frozen=True, slots=True)
class WaitingFrame:
    id: UUID
    purpose: str
    picture: bytes


def frame_of_draft(enrolment: Enrolment, data: bytes) -> Frame:
    """A frame to be coached by, for whoever may add photos to this draft."""
    require_edit(enrolment)
    _inspect(data)
    with transaction.atomic():
        draft = lock_draft(enrolment)
        frame = Frame(purpose=Frame.Purpose.COACH, enrolment=draft)
        return _submit(frame, data, data_key=data_key_of(draft))


def frame_of_person(person: Person, data: bytes) -> Frame:
    """A frame for the walk-past test of somebody who is enrolled."""
    require("people.manage")
    _inspect(data)
    with transaction.atomic():
        frame = Frame(purpose=Frame.Purpose.WALK_PAST, person=person)
        return _submit(frame, data, data_key=person_key(person))


def waiting_frame(frame_id: UUID) -> WaitingFrame | None:
    """For the worker. None where it was answered or forgotten meanwhile."""
    frame = Frame.objects.filter(pk=frame_id, result__isnull=True).exclude(picture_key="").first()
    if frame is None:
        return None
    return WaitingFrame(frame.pk, frame.purpose, vault().get(frame.picture_key))


@transaction.atomic
def record_frame(frame_id: UUID, result: Mapping[str, Any]) -> None:
    """Write down what was seen, and delete the picture."""
    frame = Frame.objects.select_for_update().filter(pk=frame_id, result__isnull=True).first()
    if frame is None:
        return
    keys = [frame.picture_key]
    frame.result, frame.picture_key = dict(result), ""
    frame.save(update_fields=["result", "picture_key"])
    transaction.on_commit(lambda: vault().delete_all(keys), robust=True)
    publish_on_commit("people", FrameRead(type="enrolment.frame", id=str(frame_id)))


def take_result(frame: Frame) -> dict[str, Any] | None:
    """What the worker saw, once; None while it is looking."""
    result = frame.result
    if result is None:
        return None
    Frame.objects.filter(pk=frame.pk).delete()
    return dict(result)


def forget_frames() -> int:
    """Delete what nobody asked for any more, pictures included; returns how many."""
    stale = list(Frame.objects.filter(created_at__lt=timezone.now() - FRAME_LIFE)[:500])
    Frame.objects.filter(pk__in=[frame.pk for frame in stale]).delete()
    vault().delete_all(frame.picture_key for frame in stale if frame.picture_key)
    return len(stale)


def _submit(frame: Frame, data: bytes, *, data_key: UUID) -> Frame:
    frame.created_by = current_actor().label[:254]
    waiting = Frame.objects.filter(
        created_by=frame.created_by,
        result__isnull=True,
        created_at__gte=timezone.now() - FRAME_LIFE,
    )
    if waiting.count() >= _MOST_WAITING:
        raise DomainError(
            "The last pictures of the webcam are not answered yet. Is the recognition worker "
            "running? The Health page says.",
            code="frame.too_many",
            http_status=429,
        )
    frame.picture_key = vault().put("frames", data, data_key=data_key)
    frame.save(force_insert=True)
    dispatch_on_commit("enrolment.read_frame", str(frame.pk))
    return frame


def reduced(photo: bytes) -> bytes:
    """An uploaded photo as a frame. Raises ``DomainError`` for what is no acceptable picture."""
    try:
        return reencode_jpeg(photo, max_side_px=_REDUCED_SIDE_PX).data
    except ImageRejected as error:
        raise _refusal(error) from error


def _inspect(data: bytes) -> None:
    try:
        inspect_image(data, limits=_LIMITS)
    except ImageRejected as error:
        raise _refusal(error) from error


def _refusal(error: ImageRejected) -> DomainError:
    status = 413 if error.code == "image.too_many_bytes" else 422
    return DomainError(error.message, code=error.code, http_status=status)
