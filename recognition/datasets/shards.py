"""Labelled pictures in a few large files: uncompressed tar archives in webdataset's layout.

A record is ``000000012.jpg`` (the file's own bytes), ``000000012.cls`` (the label) and
``000000012.json`` (class and source), so that any tar reads the archives; ``index.npz`` beside them
says where each picture's bytes lie and what their CRC is. Public surface: ``ShardSource``,
``open_shards``, ``check_shards``, ``INDEX_FILE``; ``shard_writing`` makes them.
"""

from __future__ import annotations

import os
import threading
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Picture
from recognition.datasets.errors import DatasetRejected
from recognition.images import decode_image

__all__ = ["FORMAT", "INDEX_FILE", "DamagedRecord", "ShardSource", "check_shards", "open_shards"]

INDEX_FILE = "index.npz"
FORMAT = "gatehouse-shards-1"
_COLUMNS = {
    "shard": np.dtype(np.int64),
    "offset": np.dtype(np.int64),
    "length": np.dtype(np.int64),
    "label": np.dtype(np.int64),
    "crc": np.dtype(np.uint32),
}


@dataclass(frozen=True, slots=True)
class DamagedRecord:
    """A picture that is not what was packed, by its key, and why."""

    key: str
    shard: str
    problem: str


class ShardSource:
    """The pictures of ``open_shards`` by number. May be forked, and pickled to other processes.

    ``names`` are the classes', the label their position. Fulfils ``training.sources.Source``.
    """

    def __init__(self, root: Path, index: dict[str, NDArray[Any]]) -> None:
        self._root = root
        self._names = tuple(index["names"].tolist())
        self._files = tuple(index["files"].tolist())
        self._keys = index["keys"]
        self._columns = {name: index[name] for name in _COLUMNS}
        self._open: dict[int, int] = {}
        self._opening = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return (open_shards, (self._root,))

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def names(self) -> tuple[str, ...]:
        return self._names

    def label(self, index: int) -> int:
        return int(self._columns["label"][index])

    def key(self, index: int) -> str:
        """The file that it was packed from, below its root."""
        return str(self._keys[index])

    def shard_of(self, index: int) -> str:
        """The archive's file name."""
        return str(self._files[self._columns["shard"][index]])

    def read(self, index: int) -> Picture:
        """``(H, W, 3) uint8``. Raises ``DatasetRejected`` for damage, ``ImageRejected`` like
        ``decode_image``."""
        return decode_image(self.content(index), max_side_px=None).picture

    def content(self, index: int) -> bytes:
        """The picture file's bytes, compared with their CRC."""
        row = {name: int(column[index]) for name, column in self._columns.items()}
        shard = row["shard"]
        try:
            with self._opening:
                if shard not in self._open:
                    self._open[shard] = os.open(self._root / self._files[shard], os.O_RDONLY)
            data = os.pread(self._open[shard], row["length"], row["offset"])
        except OSError as error:
            raise DatasetRejected(
                f"{self._root / self._files[shard]} cannot be read: {error.strerror}."
            ) from error
        if len(data) != row["length"] or zlib.crc32(data) != row["crc"]:
            what = (
                f"ends after {len(data):,} of its {row['length']:,} bytes"
                if len(data) < row["length"]
                else "has other bytes than were packed"
            )
            raise DatasetRejected(
                f"{self.key(index)} in {self.shard_of(index)} {what}. Copy the archive again, or "
                "pack the folder again."
            )
        return data

    def close(self) -> None:
        """Close the archives; reading opens them again."""
        for handle in self._open.values():
            os.close(handle)
        self._open.clear()

    def __del__(self) -> None:
        self.close()


def open_shards(root: Path) -> ShardSource:
    """Raises ``DatasetRejected`` for no or a damaged index, and for an archive that is cut off.

    The archives' contents are compared as they are read; ``check_shards`` compares all of them.
    """
    index = _read_index(root / INDEX_FILE)
    for name, size in zip(index["files"].tolist(), index["sizes"].tolist(), strict=True):
        path = root / name
        found = path.stat().st_size if path.is_file() else None
        if found != size:
            raise DatasetRejected(
                f"{path} {'is missing' if found is None else f'has {found:,} bytes'}; expected "
                f"{size:,}. Copy it again, or pack the folder again; `dataset shards check` lists "
                "what is lost."
            )
    return ShardSource(root, index)


def check_shards(root: Path) -> tuple[DamagedRecord, ...]:
    """Read every picture's bytes; answers those that are lost, also of cut or missing archives.

    Raises ``DatasetRejected`` for no or a damaged index.
    """
    source = ShardSource(root, _read_index(root / INDEX_FILE))
    damaged = []
    for row in range(len(source)):
        try:
            source.content(row)
        except DatasetRejected as error:
            damaged.append(DamagedRecord(source.key(row), source.shard_of(row), error.message))
    source.close()
    return tuple(damaged)


def _read_index(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            index = {name: stored[name] for name in stored.files}
    except FileNotFoundError as error:
        raise DatasetRejected(
            f"{path} is not there: {path.parent} holds no shards, or packing them was interrupted. "
            "Make them with `dataset shards pack FOLDER OUT`."
        ) from error
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise DatasetRejected(f"{path} is no index of shards: {error}.") from error
    if str(index.get("format")) != FORMAT:
        raise DatasetRejected(f"{path} has the format {index.get('format')}, not {FORMAT}.")
    is_sound = (
        {*_COLUMNS, "names", "files", "sizes", "keys"} <= set(index)
        and all(index[name].dtype == dtype for name, dtype in _COLUMNS.items())
        and {index[name].shape for name in (*_COLUMNS, "keys")} == {index["keys"].shape}
        and index["files"].shape == index["sizes"].shape
        and len(index["keys"]) > 0
        and bool((index["shard"] < len(index["files"])).all())
        and bool((index["label"] < len(index["names"])).all())
        and all(Path(name).name == name for name in index["files"].tolist())
    )
    if not is_sound:
        raise DatasetRejected(f"{path} is damaged: its columns do not fit together.")
    return index
