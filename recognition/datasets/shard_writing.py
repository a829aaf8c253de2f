"""Packing a folder with a folder per person into shards, and unpacking them again.

Public surface: ``PackReport``, ``pack_folder``, ``unpack_shards``.
"""

from __future__ import annotations

import io
import json
import tarfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recognition.datasets._folders import require_empty
from recognition.datasets.errors import DatasetRejected
from recognition.datasets.folders import list_classes
from recognition.datasets.shards import FORMAT, INDEX_FILE, open_shards
from recognition.errors import ImageRejected
from recognition.images import decode_image
from recognition.whole_files import draft_of

__all__ = ["PICTURES_PER_SHARD", "PackReport", "pack_folder", "unpack_shards"]

PICTURES_PER_SHARD = 2000
"""With crops of 10 kB some 25 MB a file: few enough files, and small enough to copy one again."""


@dataclass(frozen=True, slots=True)
class PackReport:
    """``skipped`` are the files that are no readable pictures, each with the reason."""

    pictures: int
    classes: int
    shards: int
    skipped: dict[str, str]


@dataclass(slots=True)
class _Index:
    names: tuple[str, ...]
    keys: list[str] = field(default_factory=list)
    rows: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def save(self, path: Path) -> None:
        columns = np.array(self.rows, np.int64)
        with draft_of(path, mode=0o666) as draft, draft.open("wb") as file:
            np.savez(
                file,
                format=np.array(FORMAT),
                names=np.array(self.names, np.str_),
                files=np.array(self.files, np.str_),
                sizes=np.array(self.sizes, np.int64),
                keys=np.array(self.keys, np.str_),
                shard=columns[:, 0],
                offset=columns[:, 1],
                length=columns[:, 2],
                label=columns[:, 3],
                crc=columns[:, 4].astype(np.uint32),
            )


def pack_folder(
    root: Path, out: Path, *, pictures_per_shard: int = PICTURES_PER_SHARD, seed: int = 666
) -> PackReport:
    """Write the pictures of ``root/<class>/`` into ``out``, mixed, as the files they are.

    Every picture is decoded once to see that it can be; those that cannot are skipped and named,
    classes without any are left out. The index comes last, so that what is not finished does not
    open. Raises ``DatasetRejected`` for an ``out`` with something in it and where no picture is
    left, ``OSError`` where it cannot be written.
    """
    require_empty(out)
    files = [(path, folder.name) for folder in list_classes(root) for path in folder.files]
    skipped: dict[str, str] = {}
    for path, _ in files:
        if problem := _problem(path):
            skipped[path.relative_to(root).as_posix()] = problem
    good = [(p, name) for p, name in files if p.relative_to(root).as_posix() not in skipped]
    if not good:
        raise DatasetRejected(
            f"{root} holds no picture that can be read ({len(skipped):,} files were tried); expected "
            "a folder per person with their pictures."
        )
    order = np.random.default_rng([seed, 29]).permutation(len(good)).tolist()
    index = _Index(names=tuple(sorted({name for _, name in good})))
    out.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(order), pictures_per_shard):
        part = [good[at] for at in order[first : first + pictures_per_shard]]
        _write_shard(out / f"shard-{len(index.files):06d}.tar", part, root=root, index=index)
    index.save(out / INDEX_FILE)
    return PackReport(len(good), len(index.names), len(index.files), skipped)


def unpack_shards(root: Path, out: Path) -> int:
    """Write every picture to where it was below its root; returns how many.

    Raises ``DatasetRejected`` for damage, for a key that leads out of ``out`` and for a file that
    is there already.
    """
    source = open_shards(root)
    for row in range(len(source)):
        path = out / source.key(row)
        if not path.resolve().is_relative_to(out.resolve()):
            raise DatasetRejected(f"{root} names {source.key(row)!r}, which lies outside {out}.")
        if path.exists():
            raise DatasetRejected(f"{path} is there already. Unpack into a new folder.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.content(row))
    source.close()
    return len(source)


def _problem(path: Path) -> str | None:
    try:
        decode_image(path.read_bytes(), max_side_px=None)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except ImageRejected as error:
        return error.message
    return None


def _write_shard(
    path: Path, part: Iterable[tuple[Path, str]], *, root: Path, index: _Index
) -> None:
    labels = {name: label for label, name in enumerate(index.names)}
    with draft_of(path, mode=0o666) as draft:
        with tarfile.open(draft, "w", format=tarfile.PAX_FORMAT) as archive:
            for file, name in part:
                data = file.read_bytes()
                key = file.relative_to(root).as_posix()
                stem = f"{len(index.keys):09d}"
                begin = _add(archive, f"{stem}{file.suffix.lower()}", data)
                _add(archive, f"{stem}.cls", str(labels[name]).encode())
                note = json.dumps({"class": name, "key": key}, ensure_ascii=False)
                _add(archive, f"{stem}.json", note.encode())
                index.keys.append(key)
                index.rows.append(
                    (len(index.files), begin, len(data), labels[name], zlib.crc32(data))
                )
        index.sizes.append(draft.stat().st_size)
    index.files.append(path.name)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> int:
    """Append a member; where its bytes begin in the archive."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o644
    header = info.tobuf(tarfile.PAX_FORMAT, archive.encoding or "utf-8", archive.errors)
    begin = int(archive.offset) + len(header)
    archive.addfile(info, io.BytesIO(data))
    return begin
