"""Collecting static files, only when one of them changed since the last time."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

__all__ = ["collect_static_files"]


def collect_static_files() -> bool:
    """Bring ``STATIC_ROOT`` up to date; False where it was already."""
    root = Path(settings.STATIC_ROOT)
    mark = root / ".fingerprint"
    fingerprint = _fingerprint()
    if mark.exists() and mark.read_text(encoding="ascii") == fingerprint:
        return False
    call_command("collectstatic", interactive=False, verbosity=0)
    mark.write_text(fingerprint, encoding="ascii")
    return True


def _fingerprint() -> str:
    """Return a digest of every source file's name, size and time, and of how they are stored."""
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
