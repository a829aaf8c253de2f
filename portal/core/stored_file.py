"""A file in the vault in parts, each sealed for itself: neither written nor read as a whole.

Public surface: ``seal_parts``, ``StoredFile``. Who keeps the parts' rows is the caller's business.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from portal.core.vault import vault

__all__ = ["PART_BYTES", "StoredFile", "seal_parts"]

PART_BYTES: Final = 2 * 1024 * 1024
# An archive's directory lies at its end, its files before it: both stay open.
_KEPT_PARTS: Final = 3


def seal_parts(
    kind: str,
    chunks: Iterable[bytes],
    *,
    keep: Callable[[int, int, str], object],
    check: Callable[[int], object],
) -> int:
    """Seal what comes, and return how many bytes it was.

    ``check`` hears the bytes so far before any of them is kept, and may raise; ``keep`` is given
    position, bytes and key of each part.
    """
    total, position, held = 0, 0, bytearray()
    for chunk in chunks:
        total += len(chunk)
        check(total)
        held += chunk
        while len(held) >= PART_BYTES:
            keep(position, PART_BYTES, vault().put(kind, bytes(held[:PART_BYTES])))
            del held[:PART_BYTES]
            position += 1
    if held:
        keep(position, len(held), vault().put(kind, bytes(held)))
    return total


class StoredFile(io.RawIOBase):
    """A seekable file over ``parts``: key and bytes of each, in order."""

    def __init__(self, parts: Sequence[tuple[str, int]]) -> None:
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
            position, offset = divmod(self._at, PART_BYTES)
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
