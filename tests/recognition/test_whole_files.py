"""A file that is written is there whole or not at all, and nothing is left beside it."""

import os

import pytest

from recognition.whole_files import draft_of, write_atomically


def test_a_file_is_its_pieces_end_to_end_and_its_owners_alone(tmp_path):
    target = tmp_path / "file"
    write_atomically(target, b"one ", memoryview(b"two"))
    assert target.read_bytes() == b"one two"
    assert target.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [target]


def test_a_write_that_fails_leaves_the_old_file(monkeypatch, tmp_path):
    target = tmp_path / "file"
    write_atomically(target, b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_draft_that_is_given_up_leaves_the_old_file(tmp_path):
    target = tmp_path / "file"
    target.write_bytes(b"old")

    def interrupted():
        with draft_of(target) as draft:
            draft.write_bytes(b"half of the n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_for_everybody_follows_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        with draft_of(tmp_path / "file", mode=0o666) as draft:
            draft.write_bytes(b"crop")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
