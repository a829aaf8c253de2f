"""Files for download. Public surface: ``as_download``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import IO, Final

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

__all__ = ["as_download"]

_PIECE_BYTES: Final = 64 * 1024


def as_download(
    request: HttpRequest, file: IO[bytes], *, name: str, content_type: str
) -> StreamingHttpResponse:
    """Piece by piece, under either kind of server; the file is closed once it is sent."""
    # Django gathers an iterator of the other kind in memory before it sends anything.
    is_async = isinstance(request, ASGIRequest)
    return StreamingHttpResponse(
        _LaterPieces(file) if is_async else _Pieces(file),
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


class _Sent:
    """Closed with the response, also where nobody began to read it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def close(self) -> None:
        self._file.close()


class _Pieces(_Sent):
    def __iter__(self) -> Iterator[bytes]:
        while piece := self._file.read(_PIECE_BYTES):
            yield piece


class _LaterPieces(_Sent):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := self._file.read(_PIECE_BYTES):
            yield piece
