"""Secret keys on disk, outside the database: created once, readable by their owner alone.

Imported by the settings, so it must not need Django.
"""

import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from pathlib import Path

from portal.core.errors import OperatorError

__all__ = [
    "DataDirectoryUnusable",
    "load_or_create_key",
    "load_or_create_key_bytes",
    "read_key_bytes",
]


class DataDirectoryUnusable(OperatorError):
    """The data directory cannot be written or a key in it cannot be read."""


def load_or_create_key(path: Path) -> str:
    """Return the key in ``path`` (URL-safe base64 of 48 random bytes), creating it if absent.

    Raises ``DataDirectoryUnusable`` with what to do where the file system refuses.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _create_once(path, urlsafe_b64encode(secrets.token_bytes(48)))
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise DataDirectoryUnusable(
            f"The data directory {path.parent.parent} cannot be used ({error.strerror}: "
            f"{error.filename}). Give the user who runs Gatehouse the right to write there, or "
            "set GATEHOUSE_DATA_DIR to another folder."
        ) from error


def load_or_create_key_bytes(path: Path, *, length: int = 32) -> bytes:
    """Return ``length`` secret bytes derived from the key file's own random bytes."""
    return urlsafe_b64decode(load_or_create_key(path))[:length]


def read_key_bytes(path: Path, *, length: int = 32) -> bytes | None:
    """The same of a key that must be there already; None where it is not."""
    try:
        return urlsafe_b64decode(path.read_text(encoding="ascii").strip())[:length]
    except FileNotFoundError:
        return None


def _create_once(path: Path, content: bytes) -> None:
    # O_EXCL on a temporary name plus link(): of two processes that start together one wins and
    # both then read the same complete key.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink()
