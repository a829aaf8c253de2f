"""Changing the master key."""

from __future__ import annotations

from portal.audit.services import record
from portal.core.context import require
from portal.core.vault import vault

__all__ = ["rotate_master_key"]


def rotate_master_key() -> int:
    """Wrap every data key under a new master key; returns how many were wrapped.

    Pictures and templates stay as they are, and whatever runs goes on. May be repeated after a
    crash.
    """
    require("system.manage")
    count = vault().keys.rotate()
    record("privacy.master_key.rotated", after={"keys": count})
    return count
