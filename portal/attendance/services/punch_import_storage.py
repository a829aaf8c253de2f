"""What lies sealed while a file of punches is imported: the file, then the rows that were good.

Public surface: ``LIMITS``, ``store_file``, ``open_file``, ``ends_whole``, ``keep_lot``,
``next_lot``, ``read_lot``, ``delete_parts``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import IO, Final, cast

from django.db import transaction
from django.db.models import QuerySet

from portal.attendance.models import PunchImport, PunchImportPart
from portal.attendance.services.punch_import_lines import FileRow
from portal.core.errors import DomainError
from portal.core.sheets import SheetLimits
from portal.core.stored_file import StoredFile, seal_parts
from portal.core.vault import vault

__all__ = [
    "LIMITS",
    "delete_parts",
    "ends_whole",
    "keep_lot",
    "next_lot",
    "open_file",
    "read_lot",
    "store_file",
]

# A line has some fifty bytes: 250,000 of them are a year of a thousand people's days in part.
LIMITS: Final = SheetLimits(
    max_bytes=24 * 1024 * 1024,
    max_rows=250_000,
    max_unpacked_bytes=256 * 1024 * 1024,
    code="punches.sheet",
    keeps_midnight=True,
)
_KIND: Final = "punches"
_Kind = PunchImportPart.Kind


def store_file(imported: PunchImport, chunks: Iterable[bytes]) -> None:
    """Raises ``DomainError`` ``punches.too_large``."""

    def check(total: int) -> None:
        if total > LIMITS.max_bytes:
            raise DomainError(
                f"The file has more than {LIMITS.max_bytes // 2**20} MB, the most that is taken at "
                "once. Split it.",
                code="punches.too_large",
                http_status=413,
            )

    def keep(position: int, size_bytes: int, key: str) -> None:
        imported.parts.create(position=position, size_bytes=size_bytes, key=key)

    seal_parts(_KIND, chunks, keep=keep, check=check)


def open_file(imported: PunchImport) -> IO[bytes]:
    """A seekable file over the sealed parts."""
    parts = imported.parts.filter(kind=_Kind.FILE).order_by("position")
    return cast("IO[bytes]", StoredFile(list(parts.values_list("key", "size_bytes"))))


def ends_whole(file: IO[bytes]) -> bool:
    """Whether the last line has its end; a workbook that is cut short cannot be opened at all."""
    file.seek(0)
    if file.read(4) == b"PK\x03\x04":
        return True
    size = file.seek(0, 2)
    file.seek(max(0, size - 4))
    return file.read().replace(b"\0", b"").endswith((b"\n", b"\r"))


def keep_lot(imported: PunchImport, position: int, rows: Sequence[FileRow]) -> None:
    """Part of the caller's transaction."""
    packed = json.dumps(
        [
            [row.line, row.content, row.code, row.at.isoformat(), row.direction, row.place, row.id]
            for row in rows
        ]
    ).encode()
    key = vault().put(_KIND, packed)
    imported.parts.create(kind=_Kind.LOT, position=position, size_bytes=len(packed), key=key)


def next_lot(imported: PunchImport) -> PunchImportPart | None:
    return imported.parts.filter(kind=_Kind.LOT).order_by("position").first()


def read_lot(part: PunchImportPart) -> list[FileRow]:
    return [
        FileRow(line, content, code, datetime.fromisoformat(at), direction, place, id_)
        for line, content, code, at, direction, place, id_ in json.loads(vault().get(part.key))
    ]


def delete_parts(parts: QuerySet[PunchImportPart]) -> None:
    """Rows now, blobs once that is certain."""
    keys = list(parts.values_list("key", flat=True))
    parts.delete()
    transaction.on_commit(lambda: vault().delete_all(keys), robust=True)
