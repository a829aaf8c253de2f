"""Snapshots: what comes back is what was saved, and nothing damaged ever comes back at all."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from recognition.contracts import EmbeddingSpace
from recognition.errors import RecognitionError
from recognition.index import FlatIndex, SnapshotRejected, load_snapshot, save_snapshot

SPACE = EmbeddingSpace("test", "0" * 64, 8, "v1")
OTHER = EmbeddingSpace("test", "1" * 64, 8, "v1")


class Scrambled(RecognitionError):
    code = "test.scrambled"


class XorCipher:
    """Stands for the portal's AES-GCM: unreadable, and it knows its own."""

    def seal(self, plain: bytes) -> bytes:
        return b"SEAL" + bytes(byte ^ 0x5A for byte in plain)

    def open(self, sealed: bytes) -> bytes:
        if sealed[:4] != b"SEAL":
            raise Scrambled("not mine")
        return bytes(byte ^ 0x5A for byte in sealed[4:])


def filled(count: int) -> FlatIndex:
    rows = np.random.default_rng(1).normal(size=(count, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    index = FlatIndex(SPACE)
    index.upsert([f"person-{n}-é" for n in range(count)], rows)
    return index


@pytest.mark.parametrize("cipher", [None, XorCipher()], ids=["readable", "sealed"])
@pytest.mark.parametrize("count", [0, 1, 37])
def test_what_was_saved_comes_back(tmp_path: Path, cipher: XorCipher | None, count: int) -> None:
    index = filled(count)
    index.remove(["person-0-é"] if count > 1 else [])
    path = tmp_path / "new" / "gallery.index"
    tags = {"person-3-é": "templates 1, 2"} if count > 3 else {}
    save_snapshot(index, path, revision=42, tags=tags, cipher=cipher)
    back = load_snapshot(path, SPACE, cipher=cipher)
    assert (back.revision, back.tags, len(back.index)) == (42, tags, len(index))
    probes = filled(5).store.matrix
    assert back.index.search(probes, k=50) == index.search(probes, k=50)
    back.index.upsert(["later"], probes[:1])  # it is a living index, not a view of the file
    assert "later" in back.index


@pytest.mark.parametrize("cipher", [None, XorCipher()], ids=["readable", "sealed"])
def test_no_byte_can_change_or_be_missing(tmp_path: Path, cipher: XorCipher | None) -> None:
    path = tmp_path / "gallery.index"
    save_snapshot(filled(3), path, revision=1, cipher=cipher)
    good = path.read_bytes()
    for at in range(len(good)):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises((SnapshotRejected, Scrambled)):
            load_snapshot(path, SPACE, cipher=cipher)
        path.write_bytes(good[:at])
        with pytest.raises((SnapshotRejected, Scrambled)):
            load_snapshot(path, SPACE, cipher=cipher)
    path.write_bytes(good + b"\0")
    with pytest.raises(SnapshotRejected):
        load_snapshot(path, SPACE, cipher=cipher)


def test_another_spaces_snapshot_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "gallery.index"
    save_snapshot(filled(3), path, revision=1)
    with pytest.raises(SnapshotRejected, match=OTHER.id) as raised:
        load_snapshot(path, OTHER)
    assert raised.value.code == "index.snapshot_space"


@pytest.mark.parametrize(("saved", "loaded"), [(XorCipher(), None), (None, XorCipher())])
def test_sealed_and_readable_are_not_taken_for_each_other(
    tmp_path: Path, saved: XorCipher | None, loaded: XorCipher | None
) -> None:
    path = tmp_path / "gallery.index"
    save_snapshot(filled(3), path, revision=1, cipher=saved)
    with pytest.raises(SnapshotRejected, match="sealed"):
        load_snapshot(path, SPACE, cipher=loaded)


def test_a_sealed_file_shows_no_id_and_no_vector(tmp_path: Path) -> None:
    path = tmp_path / "gallery.index"
    index = filled(3)
    save_snapshot(index, path, revision=1, cipher=XorCipher())
    data = path.read_bytes()
    assert b"person-1" not in data
    assert index.store.matrix[0].tobytes() not in data
    assert path.stat().st_mode & 0o077 == 0


def test_the_vectors_of_a_readable_file_can_be_mapped(tmp_path: Path) -> None:
    path = tmp_path / "gallery.index"
    index = filled(5)
    save_snapshot(index, path, revision=1)
    at = path.stat().st_size - index.store.matrix.nbytes
    mapped = np.memmap(path, "<f4", mode="r", offset=at, shape=(5, 8))
    assert at % 64 == 0
    assert np.array_equal(mapped, index.store.matrix)


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gallery.index"
    save_snapshot(filled(3), path, revision=1)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            save_snapshot(filled(9), path, revision=2)
    assert load_snapshot(path, SPACE).revision == 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_of_a_later_version_is_refused_and_a_missing_one_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "gallery.index"
    header = json.dumps({"version": 2, "space": SPACE.id}).encode()
    path.write_bytes(b"GHINDEX1" + len(header).to_bytes(4, "little") + header)
    with pytest.raises(SnapshotRejected, match="another version"):
        load_snapshot(path, SPACE)
    with pytest.raises(FileNotFoundError):
        load_snapshot(tmp_path / "none", SPACE)
