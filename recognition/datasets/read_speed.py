"""Images per second from a folder tree and from its shards. Public surface: ``ReadSpeed``,
``ReadRate``, ``measure_read_speed``."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recognition.datasets.errors import DatasetRejected
from recognition.datasets.shard_writing import pack_folder
from recognition.datasets.shards import ShardSource, open_shards
from recognition.images import decode_image

__all__ = ["ReadRate", "ReadSpeed", "measure_read_speed"]


@dataclass(frozen=True, slots=True)
class ReadRate:
    """``what`` is bytes or decoded, ``order`` stored or random; images per second, medians."""

    what: str
    order: str
    folder: float
    shards: float

    @property
    def ratio(self) -> float:
        return self.shards / self.folder


@dataclass(frozen=True, slots=True)
class ReadSpeed:
    pictures: int
    mean_bytes: float
    rates: tuple[ReadRate, ...]


def measure_read_speed(
    root: Path,
    *,
    shards: Path | None = None,
    pictures: int = 2000,
    rounds: int = 3,
    is_cold: bool = False,
    seed: int = 666,
) -> ReadSpeed:
    """Read the same pictures in turn from ``root`` and ``shards``, packed for it if None.

    The stored order is that of the shards and, for the folder, by name. ``is_cold`` asks the system
    to drop the files from its memory before each round. Raises ``DatasetRejected`` where the shards
    hold another folder's pictures.
    """
    if shards is None:
        with tempfile.TemporaryDirectory() as place:
            packed = Path(place) / "shards"
            pack_folder(root, packed)
            return measure_read_speed(
                root, shards=packed, pictures=pictures, rounds=rounds, is_cold=is_cold, seed=seed
            )
    source = open_shards(shards)
    stored = range(min(pictures, len(source)))
    files = [root / source.key(row) for row in stored]
    if lost := next((path for path in files if not path.is_file()), None):
        raise DatasetRejected(f"{shards} was packed from another folder: {lost} is not there.")
    sizes = [path.stat().st_size for path in files]
    archives = [shards / name for name in sorted({source.shard_of(row) for row in stored})]
    random = np.random.default_rng(seed).permutation(len(files)).tolist()
    by_name = sorted(stored, key=lambda row: files[row])
    rates = []
    for what in ("bytes", "decoded"):
        for order, of_folder, of_shards in (
            ("stored", by_name, list(stored)),
            ("random", random, random),
        ):
            own = _reader(files, what), _reader_of(source, what)
            seconds: tuple[list[float], list[float]] = ([], [])
            for _ in range(rounds):
                for reader, rows, kept, paths in zip(
                    own, (of_folder, of_shards), seconds, (files, archives), strict=True
                ):
                    if is_cold:
                        _forget(paths)
                    started = time.perf_counter()
                    for row in rows:
                        reader(row)
                    kept.append(time.perf_counter() - started)
            folder_s, shards_s = (statistics.median(kept) for kept in seconds)
            rates.append(ReadRate(what, order, len(files) / folder_s, len(files) / shards_s))
    source.close()
    return ReadSpeed(len(files), statistics.fmean(sizes), tuple(rates))


def _reader(files: Sequence[Path], what: str) -> Callable[[int], object]:
    if what == "bytes":
        return lambda row: files[row].read_bytes()
    return lambda row: decode_image(files[row].read_bytes(), max_side_px=None)


def _reader_of(source: ShardSource, what: str) -> Callable[[int], object]:
    return source.content if what == "bytes" else source.read


def _forget(paths: Sequence[Path]) -> None:
    """Drop clean pages of these files from the system's memory."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(handle)
