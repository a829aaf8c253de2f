"""Files that are there whole or not at all. Public surface: ``draft_of``, ``write_atomically``."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["draft_of", "write_atomically"]

_OWNER_ONLY = 0o600


@contextmanager
def draft_of(target: Path, *, mode: int = _OWNER_ONLY) -> Iterator[Path]:
    """An empty file beside ``target`` to write to; it becomes ``target`` when the block ends.

    After an error it is removed, and ``target`` stays as it was. ``mode`` is that of ``os.open``,
    by default for the owner alone: most of our files hold templates of people. Raises ``OSError``
    where the folder cannot be written.
    """
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
    try:
        yield draft
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def write_atomically(target: Path, *pieces: bytes | memoryview) -> None:
    """Write ``pieces`` end to end, for their owner only (0600), and see them safely on the disk.

    Raises ``OSError``; the file that was there before is then untouched.
    """
    with draft_of(target) as draft, draft.open("wb") as file:
        file.writelines(pieces)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name, too
    finally:
        os.close(folder)
