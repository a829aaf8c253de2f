"""The chain of the audit log: each entry's hash covers its fields and the entry before.

``hash = HMAC-SHA256(key, canonical JSON of the entry with the previous hash)``, with a key outside
the database, so that editing, deleting, swapping or inserting rows shows. That rows are missing at
the end shows by the anchor (see ``anchor``).

Public surface: ``GENESIS``, ``Verdict``, ``hash_of``, ``fingerprint``, ``verify_log``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from django.conf import settings

from portal.audit.anchor import Anchor, is_genuine, read_anchor
from portal.audit.models import AuditEntry
from portal.core.keys import load_or_create_key_bytes

__all__ = ["GENESIS", "Verdict", "audit_key", "fingerprint", "hash_of", "verify_log"]

GENESIS: Final = "0" * 64

Finding = Literal[
    "sound", "changed", "out_of_order", "wrong_key", "truncated", "no_anchor", "forged_anchor"
]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found first. ``seq`` is the entry concerned, ``last_hash`` the end."""

    finding: Finding
    entries: int
    message: str
    seq: int | None = None
    last_hash: str = ""

    @property
    def is_sound(self) -> bool:
        return self.finding == "sound"


def fingerprint(digest: str) -> str:
    """The start of a hash, short enough to be copied by hand: ``3F9A 11C0 77DE 02B4``."""
    return " ".join(digest[start : start + 4] for start in range(0, 16, 4)).upper()


def hash_of(entry: AuditEntry) -> str:
    content = {
        field.attname: getattr(entry, field.attname)
        for field in AuditEntry._meta.concrete_fields
        if field.attname not in {"seq", "hash", "at"}
    }
    content["at"] = entry.at.isoformat()
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(audit_key(), canonical.encode(), hashlib.sha256).hexdigest()


def verify_log() -> Verdict:
    """Walk the whole log. Reads every entry, so it is for a command and not for a page."""
    # The anchor first: entries that are written meanwhile are newer than it, never older.
    anchor = read_anchor()
    previous, last_seq, count, is_anchored = GENESIS, 0, 0, False
    for entry in AuditEntry.objects.order_by("seq").iterator(chunk_size=500):
        if not hmac.compare_digest(entry.hash, hash_of(entry)):
            return _changed(entry, count, anchor)
        if entry.previous_hash != previous:
            return Verdict(
                "out_of_order",
                count,
                f"Entry {entry.seq} does not follow entry {last_seq}: one between them was removed "
                "or moved."
                if count
                else f"The log begins with entry {entry.seq}, which is not the first: earlier "
                "ones were removed.",
                entry.seq,
            )
        is_anchored |= anchor is not None and (anchor.seq, anchor.hash) == (entry.seq, entry.hash)
        previous, last_seq, count = entry.hash, entry.seq, count + 1
    return _anchored(anchor, is_anchored, count, last_seq, previous)


def _changed(entry: AuditEntry, count: int, anchor: Anchor | None) -> Verdict:
    if count == 0 and not _knows_this_key(anchor):
        return Verdict(
            "wrong_key",
            0,
            "keys/audit.key is not the key that this log was written with: not one entry fits it. "
            "Restore the key that belongs to the database from the backup, then verify again.",
            entry.seq,
        )
    return Verdict(
        "changed",
        count,
        f"Entry {entry.seq} was changed after it was written, or put in by somebody else.",
        entry.seq,
    )


def _knows_this_key(anchor: Anchor | None) -> bool:
    """Whether anything else was written with the present key: the anchor, or another entry."""
    if anchor is not None and is_genuine(anchor, audit_key()):
        return True
    return any(
        hmac.compare_digest(entry.hash, hash_of(entry))
        for entry in AuditEntry.objects.order_by("seq")[1:100]
    )


def _anchored(
    anchor: Anchor | None, is_anchored: bool, count: int, last_seq: int, last_hash: str
) -> Verdict:
    if anchor is None:
        if count == 0:
            return Verdict("sound", 0, "The log is empty.")
        return Verdict(
            "no_anchor",
            count,
            f"All {count} entries follow each other, but keys/audit.anchor is missing or cannot be "
            "read, so nobody can say whether entries are missing at the end.",
        )
    if not is_genuine(anchor, audit_key()):
        return Verdict(
            "forged_anchor",
            count,
            f"All {count} entries follow each other, but keys/audit.anchor was not written by "
            "Gatehouse with this key: somebody changed it.",
        )
    if not is_anchored:
        return Verdict(
            "truncated",
            count,
            f"The log went on to entry {anchor.seq} at least; now it ends with entry {last_seq}. "
            "Entries were removed from its end, or an older database was restored.",
            anchor.seq,
        )
    return Verdict("sound", count, f"All {count} entries are sound.", last_seq, last_hash)


@lru_cache(maxsize=1)
def audit_key() -> bytes:
    return load_or_create_key_bytes(Path(settings.DATA_DIR) / "keys" / "audit.key")
