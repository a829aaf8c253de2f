"""Where the audit log ended last, kept outside the database: ``keys/audit.anchor``.

A chain cannot tell that its last links are gone; the anchor can. It is written after the commit of
each entry, so that it may lag behind the log (a crash in between) and is never ahead of it. It
moves forward along the chain only: where its entry is gone, it stays and is the evidence.

Public surface: ``Anchor``, ``advance_anchor``, ``is_genuine``, ``read_anchor``, ``write_anchor``.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings

from portal.audit.models import AuditEntry

__all__ = ["Anchor", "advance_anchor", "is_genuine", "read_anchor", "write_anchor"]

logger = structlog.get_logger(__name__)

# Written in one piece and in place: less than a sector, which disks write wholly or not at all.
# To replace the file costs 4 ms where this costs 0.1, since journalling file systems flush a
# file that takes another's name.
_LENGTH: Final = 256


@dataclass(frozen=True, slots=True)
class Anchor:
    """The last entry that was surely written, authenticated with the log's key."""

    seq: int
    hash: str
    mac: str


def read_anchor() -> Anchor | None:
    """None where there is none, or none that can be read."""
    try:
        with _opened(os.O_RDONLY, lock=fcntl.LOCK_SH) as file:
            return _parsed(file)
    except OSError:
        return None


def is_genuine(anchor: Anchor, key: bytes) -> bool:
    return hmac.compare_digest(anchor.mac, _mac(anchor.seq, anchor.hash, key))


def advance_anchor(entry: AuditEntry, *, key: bytes, is_first: bool) -> None:
    """Move the anchor on to ``entry``, which is committed; called once for each entry."""
    try:
        with _opened(os.O_RDWR, create=is_first) as file:
            known, is_new = _parsed(file), is_first and os.fstat(file).st_size == 0
            if is_new or (known is not None and _may_move(known, entry, key)):
                _write(file, entry, key)
            elif known is None:
                logger.error("audit_anchor_unreadable", written=entry.seq)
    except FileNotFoundError:
        logger.error("audit_anchor_missing", written=entry.seq)


def write_anchor(entry: AuditEntry, *, key: bytes) -> None:
    """Make the anchor say this, whatever it said."""
    with _opened(os.O_RDWR, create=True) as file:
        os.ftruncate(file, _LENGTH)
        _write(file, entry, key)


def _may_move(known: Anchor, entry: AuditEntry, key: bytes) -> bool:
    if not is_genuine(known, key):
        logger.error("audit_anchor_forged", written=entry.seq)
        return False
    if known.seq >= entry.seq:
        return False  # an entry that was committed later was quicker
    # Of two processes that one may write first that committed last, so the anchor's entry need
    # not be the one before; but it must still be there.
    follows = known.hash == entry.previous_hash
    if follows or AuditEntry.objects.filter(seq=known.seq, hash=known.hash).exists():
        return True
    logger.error("audit_log_truncated", anchored=known.seq, written=entry.seq)
    return False


def _write(file: int, entry: AuditEntry, key: bytes) -> None:
    anchor = Anchor(entry.seq, entry.hash, _mac(entry.seq, entry.hash, key))
    os.pwrite(file, json.dumps(asdict(anchor)).encode().ljust(_LENGTH - 1) + b"\n", 0)


def _parsed(file: int) -> Anchor | None:
    try:
        content = json.loads(os.pread(file, 2 * _LENGTH, 0))
        return Anchor(int(content["seq"]), str(content["hash"]), str(content["mac"]))
    except (ValueError, KeyError, TypeError):
        return None


def _mac(seq: int, digest: str, key: bytes) -> str:
    return hmac.new(key, f"anchor\0{seq}\0{digest}".encode(), hashlib.sha256).hexdigest()


@contextmanager
def _opened(flags: int, *, create: bool = False, lock: int = fcntl.LOCK_EX) -> Iterator[int]:
    path = Path(settings.DATA_DIR) / "keys" / "audit.anchor"
    if create:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags |= os.O_CREAT
    file = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, lock)
        yield file
    finally:
        os.close(file)
