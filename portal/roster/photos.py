"""Where a roster's photos come from: a ZIP, or on the command line a folder.

Public surface: ``PhotoSource``, ``ZipPhotos``, ``FolderPhotos``, ``ARCHIVE_LIMITS``,
``MAX_ARCHIVE_BYTES``, ``photo_digest``.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import IO, Final, Protocol

from portal.core.archive import ArchiveLimits, ArchiveReader, EntryRefused, open_archive
from portal.core.errors import DomainError
from recognition.errors import ImageRejected
from recognition.intake import DEFAULT_LIMITS, inspect_image

__all__ = [
    "ARCHIVE_LIMITS",
    "MAX_ARCHIVE_BYTES",
    "FolderPhotos",
    "PhotoSource",
    "ZipPhotos",
    "photo_digest",
]

MAX_ARCHIVE_BYTES: Final = 1024 * 1024 * 1024
ARCHIVE_LIMITS: Final = ArchiveLimits(
    max_files=10_000,
    max_unpacked_bytes=2 * MAX_ARCHIVE_BYTES,
    max_entry_bytes=DEFAULT_LIMITS.max_bytes,
    code="roster.archive",
)
_ARCHIVES: Final = frozenset(
    {".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".jar", ".cab", ".iso"}
)
_PICTURES: Final = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".heic", ".heif", ".avif", ".bmp", ".tif", ".tiff"}
)
# What file managers add by themselves; nobody is told of it.
_LITTER: Final = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


class PhotoSource(Protocol):
    """``names`` are the photos; ``refused`` are files that are none, with the reason."""

    names: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]

    def read(self, name: str) -> bytes:
        """Raises ``EntryRefused`` for this one, ``DomainError`` where nothing may be trusted."""
        ...

    def close(self) -> None: ...


class ZipPhotos:
    """Closes ``file`` with itself. Raises ``DomainError`` ``roster.archive`` for a trap."""

    def __init__(self, file: IO[bytes], *, limits: ArchiveLimits = ARCHIVE_LIMITS) -> None:
        self._file = file
        try:
            self._archive = open_archive(file, limits=limits)
        except DomainError:
            file.close()
            raise
        self._reader = ArchiveReader(self._archive, limits=limits)
        files = [info for info in self._archive.infolist() if not info.is_dir()]
        names = {id(info): _decoded(info) for info in files}
        times = Counter(name.casefold() for name in names.values())
        self._infos: dict[str, zipfile.ZipInfo] = {}
        refused: list[tuple[str, str]] = []
        for info in files:
            name = names[id(info)]
            if _is_litter(name):
                continue
            reason = _not_a_photo(name)
            if times[name.casefold()] > 1:
                reason = "this name occurs twice in the archive, so it says nothing"
            elif info.flag_bits & 0x1:
                reason = "it is encrypted; pack the photos without a password"
            if reason:
                refused.append((name, reason))
            else:
                self._infos[name] = info
        self.names = tuple(self._infos)
        self.refused = tuple(dict(refused).items())

    def read(self, name: str) -> bytes:
        return self._reader.read(self._infos[name])

    def close(self) -> None:
        self._archive.close()
        self._file.close()


class FolderPhotos:
    """The photos below a folder of this machine; links are not followed."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise DomainError(f"{root} is neither a ZIP file nor a folder.", code="roster.archive")
        self._root = root
        names: list[str] = []
        refused: list[tuple[str, str]] = []
        for folder, _, files in os.walk(root):
            for file in sorted(files):
                path = Path(folder) / file
                name = path.relative_to(root).as_posix()
                if _is_litter(name):
                    continue
                reason = "it is a link, not a file" if path.is_symlink() else _not_a_photo(name)
                if reason:
                    refused.append((name, reason))
                else:
                    names.append(name)
            if len(names) + len(refused) > ARCHIVE_LIMITS.max_files:
                raise ARCHIVE_LIMITS.refused(
                    f"the folder holds more than {ARCHIVE_LIMITS.max_files:,} files. Split it."
                )
        self.names, self.refused = tuple(sorted(names)), tuple(refused)

    def read(self, name: str) -> bytes:
        path = self._root / name
        try:
            if path.stat().st_size > ARCHIVE_LIMITS.max_entry_bytes:
                raise EntryRefused(
                    f"It has more than {ARCHIVE_LIMITS.max_entry_bytes // 2**20} MB; send a "
                    "smaller copy."
                )
            return path.read_bytes()
        except OSError as error:
            raise EntryRefused(f"It cannot be read: {error.strerror}.") from error

    def close(self) -> None:
        pass


def photo_digest(source: PhotoSource, name: str) -> str:
    """The SHA-256 of a photo that is a readable picture; raises ``EntryRefused`` else."""
    data = source.read(name)
    try:
        inspect_image(data)
    except ImageRejected as error:
        raise EntryRefused(error.message) from error
    return hashlib.sha256(data).hexdigest()


def _decoded(info: zipfile.ZipInfo) -> str:
    """Some programs write UTF-8 and do not say so; the format's own default is that of DOS."""
    if not info.flag_bits & 0x800:
        try:
            return info.filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            return info.filename
    return info.filename


def _is_litter(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part.startswith(".") or part.casefold() in _LITTER for part in parts)


def _not_a_photo(name: str) -> str:
    suffix = PurePosixPath(name).suffix.casefold()
    if suffix in _ARCHIVES:
        return "it is an archive inside the archive; pack the photos themselves"
    return "" if suffix in _PICTURES else "it is not a photo"
