"""Data sets as others hand them out: archives, base64 tables, folders and files named by numbers.

Public surface: ``unpack_archive``, ``decode_table``, ``TableReport``, ``rename_classes``,
``group_by_name``, ``safe_name``, ``SUFFIXES``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import lzma
import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from recognition.datasets._folders import require_empty
from recognition.datasets._text import read_lines
from recognition.datasets.errors import DatasetRejected
from recognition.errors import ImageRejected
from recognition.intake import inspect_image

__all__ = [
    "SUFFIXES",
    "TableReport",
    "decode_table",
    "group_by_name",
    "rename_classes",
    "safe_name",
    "unpack_archive",
]

# Damaged, cut off, locked with a password (RuntimeError) or packed by a method of its own.
_UNREADABLE = (
    tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, RuntimeError, zlib.error,
    lzma.LZMAError,
)  # fmt: skip
_COPY_BYTES = 1 << 20
SUFFIXES = {"jpeg": ".jpg", "heif": ".heic", "tiff": ".tif"}
"""Where a format is not its own."""


@dataclass(frozen=True, slots=True)
class TableReport:
    """``skipped`` are rows that hold no picture, as ``line: reason``."""

    pictures: int
    classes: int
    skipped: tuple[str, ...]


def unpack_archive(path: Path, out: Path, *, sha256: str, most_bytes: int = 200 << 30) -> int:
    """Unpack a zip or tar whose digest is this one; returns the number of files.

    Nothing is unpacked before the whole file was compared. Links, devices and names that lead out
    of ``out`` are refused. Raises ``DatasetRejected`` for all of that, for an ``out`` with something
    in it and for more than ``most_bytes`` of content.
    """
    found = _digest(path)
    if found != sha256.lower():
        raise DatasetRejected(
            f"{path} has the SHA-256 {found}, not {sha256.lower()}. Fetch it again, and compare the "
            "digest with its publisher's."
        )
    require_empty(out)
    members = _members(path)
    if sum(size for _, size in members) > most_bytes:
        raise DatasetRejected(f"{path} unpacks to more than {most_bytes / 2**30:g} GB.")
    for name, _ in members:
        if not (out / name).resolve().is_relative_to(out.resolve()) or "\\" in name:
            raise DatasetRejected(f"{path} holds {name!r}, which would lie outside {out}.")
    out.mkdir(parents=True, exist_ok=True)
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                archive.extractall(out)  # noqa: S202 - every name was checked
        else:
            with tarfile.open(path) as archive_:
                _extract(archive_, out)
    except _UNREADABLE as error:
        raise DatasetRejected(f"{path} cannot be unpacked into {out}: {error}.") from error
    return len(members)


def decode_table(
    path: Path, out: Path, *, class_column: int = 0, name_columns: tuple[int, ...] = (1, 4)
) -> TableReport:
    """Tab-separated rows whose last field is a picture in base64, to ``out/<class>/<name>.jpg``.

    The columns, counted from 0, are by default those of MS-Celeb-1M's aligned sets. ``/`` becomes
    ``_`` in names, the bytes decide the suffix, and rows without a readable picture are skipped and
    named. Raises ``DatasetRejected`` where no row has one, and for an ``out`` with something in it.
    """
    require_empty(out)
    skipped: list[str] = []
    classes: set[str] = set()
    written: set[Path] = set()
    needed = max(class_column, *name_columns) + 2
    for number, line in _lines(path):
        fields = line.split("\t")
        if len(fields) < needed:
            skipped.append(f"{number}: {len(fields)} fields, at least {needed} expected")
            continue
        try:
            data = base64.b64decode(fields[-1], validate=True)
            kind = inspect_image(data).format
        except (binascii.Error, ImageRejected) as error:
            skipped.append(f"{number}: {error}")
            continue
        name = safe_name(fields[class_column])
        stem = safe_name("-".join(fields[column] for column in name_columns))
        target = out / name / f"{stem}{SUFFIXES.get(kind, f'.{kind}')}"
        if target in written:
            skipped.append(f"{number}: {target.name} came before")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        written.add(target)
        classes.add(name)
    if not written:
        raise DatasetRejected(
            f"{path} has no row that ends in a picture in base64"
            + (f"; the first: line {skipped[0]}." if skipped else ": it is empty.")
        )
    return TableReport(len(written), len(classes), tuple(skipped))


def rename_classes(root: Path, names: Path) -> tuple[int, tuple[str, ...]]:
    """Rename folders by lines ``old<tab or space>new``; what is listed and not there comes back.

    Raises ``DatasetRejected``, before anything is renamed, for a line that does not fit, a name that
    is no folder's, and a new name that is there already or comes twice.
    """
    wanted: dict[str, str] = {}
    for number, line in read_lines(names):
        fields = line.split("\t") if "\t" in line else line.split(maxsplit=1)
        if len(fields) != 2 or any(safe_name(f.strip()) != f.strip() for f in fields):
            raise DatasetRejected(f"{names}, line {number} is {line!r}; expected old<tab>new.")
        wanted[fields[0].strip()] = fields[1].strip().replace(" ", "_")
    there = {old: new for old, new in wanted.items() if (root / old).is_dir()}
    taken = [new for new in there.values() if (root / new).exists()]
    if taken or len(set(there.values())) != len(there):
        raise DatasetRejected(
            f"{names} would give two folders one name"
            + (f": {taken[0]} is in {root} already." if taken else ".")
        )
    for old, new in there.items():
        (root / old).rename(root / new)
    return len(there), tuple(old for old in wanted if old not in there)


def group_by_name(
    files: Iterable[Path], out: Path, *, pattern: str
) -> tuple[int, tuple[Path, ...]]:
    """Copy files of one heap to ``out/<class>/``, the class being the pattern's first group.

    CACD's ``53_Robin_Williams_0001.jpg`` has the pattern ``\\d+_(.+)_\\d+``. Returns the number of
    copies and the files that do not fit, or whose name somebody of the class has. Raises ``DatasetRejected`` for a pattern without a group
    and where no file fits.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise DatasetRejected(f"{pattern!r} is no regular expression: {error}.") from error
    if expression.groups < 1:
        raise DatasetRejected(f"{pattern!r} has no (group) for the class.")
    require_empty(out)
    count = 0
    others: list[Path] = []
    for path in files:
        match = expression.fullmatch(path.stem)
        if match is None or not match[1]:
            others.append(path)
            continue
        own = out / safe_name(match[1])
        if (own / path.name).exists():  # of another folder of the heap
            others.append(path)
            continue
        own.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, own / path.name)
        count += 1
    if not count:
        raise DatasetRejected(f"None of {len(others):,} files has a name like {pattern!r}.")
    return count, tuple(others)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DatasetRejected(f"{path} cannot be read: {error.strerror}.") from error


def _members(path: Path) -> list[tuple[str, int]]:
    """Files with their sizes; raises for what is no plain file or folder."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return [(m.filename, m.file_size) for m in archive.infolist() if not m.is_dir()]
        with tarfile.open(path) as archive_:
            members = [m for m in archive_ if not m.isdir()]
    except _UNREADABLE as error:
        raise DatasetRejected(f"{path} is no zip or tar that can be read: {error}.") from error
    if odd := next((m.name for m in members if not m.isreg()), None):
        raise DatasetRejected(f"{path} holds {odd!r}, which is a link or device, no file.")
    return [(m.name, m.size) for m in members]


def _extract(archive: tarfile.TarFile, out: Path) -> None:
    """Plain files alone, with nobody's owner or mode: what the filter "data" does, which Debian's
    Python 3.11 has not yet."""
    for member in archive:
        content = archive.extractfile(member) if member.isreg() else None
        if content is None:
            continue
        target = out / member.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with content, target.open("xb") as file:
            shutil.copyfileobj(content, file, _COPY_BYTES)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Line by line: such tables have many gigabytes."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except OSError as error:
        raise DatasetRejected(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DatasetRejected(f"{path} is no UTF-8 text.") from error


def safe_name(name: str) -> str:
    """A folder's or file's name: one part, not hidden, no way up."""
    plain = PurePosixPath(name.replace("/", "_").replace("\\", "_").replace("\0", "_")).name
    return plain.lstrip(".") or "_"
