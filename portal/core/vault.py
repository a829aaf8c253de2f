"""Encrypted files: pictures, crops and templates at rest are AES-256-GCM under a key kept
outside the database. A blob is named by a random key, so a name never says whose face it is.

Layout of a blob: 4 bytes magic ``GHV1``, 12 bytes nonce, ciphertext with its 16-byte tag. The
blob's purpose is authenticated with it, so that a crop cannot be passed off as a template.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from portal.core.errors import DomainError
from portal.core.keys import load_or_create_key_bytes

__all__ = ["Vault", "VaultError", "vault"]

_MAGIC = b"GHV1"
_NONCE_BYTES = 12


class VaultError(DomainError):
    """A stored blob is absent, was altered, or was written under another key."""

    code = "storage.unreadable"
    http_status = 500


class Vault:
    """Stores bytes under ``kind/…`` keys below ``root``; also seals bytes for database columns."""

    def __init__(self, root: Path, *, key: bytes) -> None:
        self._root = root
        self._cipher = AESGCM(key)

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _MAGIC + nonce + self._cipher.encrypt(nonce, plain, purpose.encode())

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Raises ``VaultError`` where the bytes are not what ``seal`` gave for this purpose."""
        if sealed[:4] != _MAGIC or len(sealed) < 4 + _NONCE_BYTES:
            raise VaultError("A stored file has not the form that Gatehouse writes.")
        nonce, body = sealed[4 : 4 + _NONCE_BYTES], sealed[4 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, body, purpose.encode())
        except InvalidTag:
            raise VaultError(
                "A stored file cannot be decrypted: it was altered, or keys/media.key is not the "
                "key it was written with. Restore the key from the backup."
            ) from None

    def put(self, kind: str, plain: bytes) -> str:
        """Write ``plain`` atomically and return its key, for example ``crops/3f/3fa9…``."""
        name = secrets.token_hex(16)
        key = f"{kind}/{name[:2]}/{name}"
        path = self._root / key
        temporary = path.with_suffix(".part")
        sealed = self.seal(plain, purpose=kind)
        try:
            temporary.write_bytes(sealed)
        except FileNotFoundError:
            # The first of its 256 folders' files; to look every time costs as much as to write.
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary.write_bytes(sealed)
        temporary.replace(path)
        return key

    def get(self, key: str) -> bytes:
        try:
            sealed = self._path(key).read_bytes()
        except FileNotFoundError:
            raise VaultError("The stored file is gone.", http_status=404) from None
        return self.open(sealed, purpose=key.partition("/")[0])

    def delete(self, key: str) -> None:
        """Deleting what is already gone is not an error: purges may be repeated."""
        self._path(key).unlink(missing_ok=True)

    def delete_all(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.delete(key)

    def keys_older_than(self, instant: datetime) -> Iterator[str]:
        """Keys of blobs last written before ``instant`` (for the search for orphans)."""
        for folder, _, names in os.walk(self._root):
            for name in names:
                path = Path(folder) / name
                if datetime.fromtimestamp(path.stat().st_mtime, UTC) < instant:
                    yield str(path.relative_to(self._root))

    def _path(self, key: str) -> Path:
        path = (self._root / key).resolve()
        if not path.is_relative_to(self._root.resolve()):
            raise VaultError("A storage key points outside the store.")
        return path


@lru_cache(maxsize=1)
def vault() -> Vault:
    """The installation's own store, under ``<data>/media`` with ``<data>/keys/media.key``."""
    key = load_or_create_key_bytes(Path(settings.DATA_DIR) / "keys" / "media.key")
    return Vault(Path(settings.MEDIA_ROOT), key=key)
