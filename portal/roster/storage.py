"""Uploaded files, sealed in the vault piece by piece: neither written nor read as a whole.

Public surface: ``store_file``, ``open_stored``, ``stored_bytes``, ``delete_stored``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Final, cast

from django.db import transaction

from portal.core.errors import DomainError
from portal.core.stored_file import StoredFile, seal_parts
from portal.core.vault import vault
from portal.roster.models import RosterImport, RosterPart

__all__ = ["delete_stored", "open_stored", "store_file", "stored_bytes"]

_KIND: Final = "rosters"


def store_file(roster: RosterImport, kind: str, chunks: Iterable[bytes], *, max_bytes: int) -> int:
    """Seal what comes, and return how much it was. Raises ``DomainError`` beyond ``max_bytes``."""

    def check(total: int) -> None:
        if total > max_bytes:
            raise DomainError(
                f"The file has more than {max_bytes // 2**20} MB, the most that is taken at once. "
                "Split it.",
                code="roster.too_large",
                http_status=413,
            )

    def keep(position: int, size_bytes: int, key: str) -> None:
        RosterPart.objects.create(
            roster=roster, kind=kind, position=position, size_bytes=size_bytes, key=key
        )

    return seal_parts(_KIND, chunks, keep=keep, check=check)


def open_stored(roster: RosterImport, kind: str) -> IO[bytes]:
    """A seekable file over the sealed parts."""
    parts = roster.parts.filter(kind=kind).order_by("position").values_list("key", "size_bytes")
    return cast("IO[bytes]", StoredFile(list(parts)))


def stored_bytes(roster: RosterImport, kind: str) -> bytes:
    with open_stored(roster, kind) as file:
        return file.read()


def delete_stored(roster: RosterImport) -> None:
    """Rows now, blobs once that is certain."""
    keys = list(roster.parts.values_list("key", flat=True))
    roster.parts.all().delete()
    transaction.on_commit(lambda: vault().delete_all(keys), robust=True)
