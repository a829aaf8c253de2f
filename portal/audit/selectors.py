"""Reads of the audit log that are cheap enough for a page; the whole log is read by ``chain``."""

from __future__ import annotations

from portal.audit.anchor import read_anchor
from portal.audit.models import AuditEntry

__all__ = ["has_kept_its_end"]


def has_kept_its_end() -> bool:
    """Whether the entry that the anchor names is there; without entries none is expected."""
    anchor = read_anchor()
    if anchor is None:
        return not AuditEntry.objects.exists()
    return AuditEntry.objects.filter(seq=anchor.seq, hash=anchor.hash).exists()
