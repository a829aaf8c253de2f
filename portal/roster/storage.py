"""Uploaded files, sealed in the vault piece by piece: neither written nor read as a whole.

Public surface: ``store_file``, ``open_stored``, ``stored_bytes``, ``delete_stored``.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import IO, Final, cast

from django.db import transaction

from portal.core.errors import DomainError
from portal.core.vault import vault
from portal.roster.models import RosterImport, RosterPart

__all__ = ["delete_stored", "open_stored", "store_file", "stored_bytes"]

_KIND: Final = "rosters"
_PART_BYTES: Final = 2 * 1024 * 1024
# The directory lies at an archive's end, its files before it: both stay open.
_KEPT_PARTS: Final = 3


def store_file(roster: RosterImport, kind: str, chunks: Iterable[bytes], *, max_bytes: int) -> int:
    """Seal what comes, and return how much it was. Raises ``DomainError`` beyond ``max_bytes``."""
    total, position, held = 0, 0, bytearray()
    for chunk in chunks:
        total += len(chunk)
        if total > max_bytes:
            raise DomainError(
                f"The file has more than {max_bytes // 2**20} MB, the most that is taken at once. "
                "Split it.",
                code="roster.too_large",
                http_status=413,
            )
        held += chunk
        while len(held) >= _PART_BYTES:
            _seal(roster, kind, position, bytes(held[:_PART_BYTES]))
            del held[:_PART_BYTES]
            position += 1
    if held:
        _seal(roster, kind, position, bytes(held))
    return total


def open_stored(roster: RosterImport, kind: str) -> IO[bytes]:
    """A seekable file over the sealed parts."""
    parts = roster.parts.filter(kind=kind).order_by("position").values_list("key", "size_bytes")
    return cast("IO[bytes]", _StoredFile(list(parts)))


def stored_bytes(roster: RosterImport, kind: str) -> bytes:
    with open_stored(roster, kind) as file:
        return file.read()


def delete_stored(roster: RosterImport) -> None:
    """Rows now, blobs once that is certain."""
    keys = list(roster.parts.values_list("key", flat=True))
    roster.parts.all().delete()
    transaction.on_commit(lambda: vault().delete_all(keys), robust=True)


def _seal(roster: RosterImport, kind: str, position: int, data: bytes) -> None:
    RosterPart.objects.create(
        roster=roster,
        kind=kind,
        position=position,
        size_bytes=len(data),
        key=vault().put(_KIND, data),
    )


class _StoredFile(io.RawIOBase):
    def __init__(self, parts: list[tuple[str, int]]) -> None:
        super().__init__()
        self._keys = [key for key, _ in parts]
        self._size = sum(size for _, size in parts)
        self._at = 0
        self._opened: dict[int, bytes] = {}

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("A position before the beginning of the file.")
        self._at = start + offset
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        left = max(self._size - self._at, 0)
        wanted = left if size is None or size < 0 else min(size, left)
        found = bytearray()
        while len(found) < wanted:
            position, offset = divmod(self._at, _PART_BYTES)
            piece = self._part(position)[offset : offset + wanted - len(found)]
            found += piece
            self._at += len(piece)
        return bytes(found)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _part(self, position: int) -> bytes:
        data = self._opened.pop(position, None)
        if data is None:
            data = vault().get(self._keys[position])
        self._opened[position] = data
        while len(self._opened) > _KEPT_PARTS:
            del self._opened[next(iter(self._opened))]
        return data
