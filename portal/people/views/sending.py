"""Sending a file piece by piece, under either kind of server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import IO, Final

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone

from portal.people.services import ExportKind

__all__ = ["as_attachment"]

_PIECE_BYTES: Final = 64 * 1024
_TYPES: Final = {
    ExportKind.CSV.value: "text/csv; charset=utf-8",
    ExportKind.XLSX.value: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def as_attachment(
    request: HttpRequest, file: IO[bytes], *, kind: str, of: str = "people"
) -> StreamingHttpResponse:
    """The file is closed once it is sent; ``of`` begins its name."""
    # Django gathers an iterator of the other kind in memory before it sends anything.
    is_async = isinstance(request, ASGIRequest)
    response = StreamingHttpResponse(
        _pieces_async(file) if is_async else _pieces(file), content_type=_TYPES[kind]
    )
    name = f"{of}-{timezone.localdate():%Y-%m-%d}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


async def _pieces_async(file: IO[bytes]) -> AsyncIterator[bytes]:
    for piece in _pieces(file):
        yield piece
