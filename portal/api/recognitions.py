"""``/recognitions``: send a picture, get every face in it decided."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any, Self
from uuid import UUID

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.http import HttpRequest
from ninja import File, Query, Router, Status
from ninja.files import UploadedFile

from portal.api.auth import AsyncTokenAuth, TokenAuth, actor_of
from portal.api.schemas import ErrorOut, RecognitionOut, recognition_out
from portal.core.context import acting_as
from portal.core.events import group_name
from portal.sightings.models import Recognition
from portal.sightings.selectors import faces_of, own_recognition
from portal.sightings.services import submit_picture

__all__ = ["router"]

router = Router()

MAX_WAIT_S = 60.0
# The event tells at once; looking again this often covers an event that was lost.
LOOK_AGAIN_S = 0.5


@router.post(
    "",
    auth=AsyncTokenAuth(),
    response={
        200: RecognitionOut,
        202: RecognitionOut,
        frozenset({400, 401, 403, 413, 422}): ErrorOut,
    },
    summary="Recognise a picture",
)
async def recognise(
    request: HttpRequest,
    image: Annotated[UploadedFile, File()],
    wait: Annotated[
        float, Query(ge=0, le=MAX_WAIT_S, description="Seconds to wait for the result.")
    ] = 0.0,
) -> Status[Any]:
    """202 with the state at once, or, with ``wait``, 200 as soon as the result is there."""
    with acting_as(actor_of(request)):
        if not wait:
            row = await sync_to_async(_submit)(image)
            return Status(202, await sync_to_async(_answer)(row.pk))
        async with _Waiter() as waiter:
            row = await sync_to_async(_submit)(image)
            answer = await waiter.result_of(row.pk, wait_s=wait)
    if answer.state == "failed":
        return Status(422, {"error": answer.error})
    return Status(200 if answer.state == "done" else 202, answer)


@router.get(
    "/{recognition_id}",
    auth=TokenAuth(),
    response={200: RecognitionOut, frozenset({401, 403, 404}): ErrorOut},
    summary="Read a result",
)
def read(request: HttpRequest, recognition_id: UUID) -> RecognitionOut:
    with acting_as(actor_of(request)):
        return _answer(recognition_id)


def _submit(image: UploadedFile) -> Recognition:
    return submit_picture(image.read(), source=Recognition.Source.API, file_name=image.name or "")


def _answer(recognition_id: UUID) -> RecognitionOut:
    row = own_recognition(recognition_id)
    return recognition_out(row, faces_of(row))


class _Waiter:
    """Listens for finished recognitions; entered before the picture is handed in, so that no
    result can come between the two unheard."""

    async def __aenter__(self) -> Self:
        self._layer = get_channel_layer()
        self._channel: str = await self._layer.new_channel()
        await self._layer.group_add(group_name("live"), self._channel)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._layer.group_discard(group_name("live"), self._channel)

    async def result_of(self, recognition_id: UUID, *, wait_s: float) -> RecognitionOut:
        """The answer once it is finished, or as it stands when the time is up."""
        deadline = time.monotonic() + wait_s
        while (left := deadline - time.monotonic()) > 0:
            heard = await self._heard(recognition_id, timeout_s=min(left, LOOK_AGAIN_S))
            answer = None if heard is None else await sync_to_async(_answer)(recognition_id)
            if answer is not None and answer.state in {"done", "failed"}:
                return answer
        return await sync_to_async(_answer)(recognition_id)

    async def _heard(self, recognition_id: UUID, *, timeout_s: float) -> bool | None:
        """True: this one is finished; False: time to look; None: somebody else's event."""
        try:
            message = await asyncio.wait_for(self._layer.receive(self._channel), timeout_s)
        except TimeoutError:
            return False
        return True if str(recognition_id) in message["event"].get("ids", ()) else None
