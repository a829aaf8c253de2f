"""ZIP files from strangers: what is in them is counted while it is unpacked, never believed.

Nothing is ever unpacked to a disk. Public surface: ``ArchiveLimits``, ``open_archive``,
``ArchiveReader``, ``EntryRefused``.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

from portal.core.errors import DomainError

__all__ = ["ArchiveLimits", "ArchiveReader", "EntryRefused", "open_archive"]

_MIB: Final = 1024 * 1024
_END: Final = struct.Struct("<4s4H2LH")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_BYTES: Final = 20
_CHUNK_BYTES: Final = 256 * 1024
# Deflate may shrink a picture's empty parts well, but never a whole picture a hundredfold.
_MAX_RATIO: Final = 100
_RATIO_FROM_BYTES: Final = _MIB


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What one archive may hold. Checked against what really comes out of it; ``code`` is that of
    every refusal."""

    max_files: int
    max_unpacked_bytes: int
    max_entry_bytes: int
    has_ratio_limit: bool = True
    code: str = "archive.refused"

    def refused(self, reason: str) -> DomainError:
        return DomainError(f"The archive was refused: {reason}", code=self.code)


class EntryRefused(Exception):
    """One file of an archive cannot be used; the others can. The text says why."""


def open_archive(file: IO[bytes], *, limits: ArchiveLimits) -> zipfile.ZipFile:
    """Raises ``DomainError`` with the limits' code before the list of files is even read, where
    that list is too long, and for names that point outside the archive or files that are links."""
    _check_directory(file, limits)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, struct.error, UnicodeError) as error:
        raise _not_a_zip(limits) from error
    infos = archive.infolist()
    if len(infos) > limits.max_files:
        raise _too_many(len(infos), limits)
    for info in infos:
        _check_name(info, limits)
    return archive


class ArchiveReader:
    """Reads entries, and counts over all of them what came out."""

    def __init__(self, archive: zipfile.ZipFile, *, limits: ArchiveLimits) -> None:
        self._archive = archive
        self._limits = limits
        self._unpacked = 0

    def read(self, info: zipfile.ZipInfo) -> bytes:
        """Raises ``EntryRefused`` for this one, ``DomainError`` where the archive is a bomb."""
        return b"".join(self.chunks(info))

    def chunks(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        """The same piece by piece; whether it is damaged is known at its end."""
        if info.flag_bits & 0x1:
            raise EntryRefused("It is encrypted; pack the files without a password.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise EntryRefused("It is packed in a way that is not read here; use plain ZIP.")
        size = 0
        try:
            with self._archive.open(info) as entry:
                while chunk := entry.read(_CHUNK_BYTES):
                    size += len(chunk)
                    self._count(info, size, len(chunk))
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise EntryRefused(
                "It is damaged (its checksum is wrong); pack and upload it again."
            ) from error
        if size != info.file_size:
            raise EntryRefused("It is damaged (its size is not what it says); pack it again.")

    def _count(self, info: zipfile.ZipInfo, size: int, fresh: int) -> None:
        limits = self._limits
        self._unpacked += fresh
        if (
            limits.has_ratio_limit
            and size > _RATIO_FROM_BYTES
            and size > _MAX_RATIO * max(info.compress_size, 1)
        ):
            raise limits.refused(
                f"“{info.filename}” grows more than {_MAX_RATIO}-fold when it is unpacked. Photos "
                "do not; this looks like a trap."
            )
        if self._unpacked > limits.max_unpacked_bytes:
            raise limits.refused(
                f"unpacked it has more than {limits.max_unpacked_bytes // _MIB} MB, the most that "
                "is taken at once. Split it."
            )
        if size > limits.max_entry_bytes:
            raise EntryRefused(
                f"It has more than {limits.max_entry_bytes // _MIB} MB; send a smaller copy."
            )


def _check_directory(file: IO[bytes], limits: ArchiveLimits) -> None:
    """Looks at the record at the end, so that a list of millions is never loaded."""
    file.seek(0, 2)
    size = file.tell()
    file.seek(max(0, size - _END.size - 0xFFFF - _LOCATOR_BYTES - _END_64.size))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    if tail[-_END.size : -_END.size + 4] == b"PK\x05\x06" and tail[-2:] == b"\0\0":
        at = len(tail) - _END.size
    if at < 0 or len(tail) - at < _END.size:
        raise _not_a_zip(limits)
    _, _, _, _, files, directory_bytes, _, _ = _END.unpack_from(tail, at)
    locator = at - _LOCATOR_BYTES
    if locator >= _END_64.size and tail[locator : locator + 4] == b"PK\x06\x07":
        record = _END_64.unpack_from(tail, locator - _END_64.size)
        if record[0] == b"PK\x06\x06":
            files, directory_bytes = record[7], record[8]
    # A name has at most 64 KB by the format and some hundred characters in truth.
    if files > limits.max_files or directory_bytes > limits.max_files * 1024:
        raise _too_many(files, limits)


def _check_name(info: zipfile.ZipInfo, limits: ArchiveLimits) -> None:
    raw = info.orig_filename
    parts = raw.replace("\\", "/").split("/")
    if "\\" in raw or "\0" in raw or ".." in parts or raw.startswith("/") or ":" in parts[0]:
        raise limits.refused(
            f"the name “{raw[:80]!s}” points outside of it. Pack the photos anew, from their folder."
        )
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise limits.refused(
            f"“{raw[:80]}” is a link, not a file. Pack the photos themselves, not links to them."
        )


def _too_many(files: int, limits: ArchiveLimits) -> DomainError:
    return limits.refused(
        f"it says that it holds {files:,} files; {limits.max_files:,} are the most. Split it."
    )


def _not_a_zip(limits: ArchiveLimits) -> DomainError:
    return limits.refused("this is not a ZIP file, or it is cut short. Pack and upload it again.")
