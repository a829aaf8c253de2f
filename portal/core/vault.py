"""Encrypted files: pictures, crops and templates at rest are AES-256-GCM under their person's
data key (see ``keyring``). A blob is named by a random key, so a name never says whose face it is.

Layout of what is sealed: 4 bytes magic ``GHV2``, 16 bytes id of the data key, 12 bytes nonce,
ciphertext with its 16-byte tag. Purpose and key id are authenticated with it, so that a crop
cannot be passed off as a template.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from portal.core.keyring import KeyRing, VaultError

__all__ = ["Vault", "VaultError", "key_id_of", "key_ids_of", "vault"]

_MAGIC = b"GHV2"
_FORMER_MAGIC = b"GHV1"  # of version 0.1, which had one key and no key ids
_KEY_ID_BYTES = 16
_NONCE_BYTES = 12
_HEAD_BYTES = len(_MAGIC) + _KEY_ID_BYTES + _NONCE_BYTES


class Vault:
    """Stores bytes under ``kind/…`` keys below ``root``; also seals bytes for database columns.

    ``data_key`` is the id of the person's data key; without it the installation's own is used.
    """

    def __init__(self, root: Path, *, keys: KeyRing) -> None:
        self._root = root
        self.keys = keys

    def seal(self, plain: bytes, *, purpose: str, data_key: UUID | None = None) -> bytes:
        key_id = data_key or self.keys.installation()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self.keys.cipher(key_id).encrypt(nonce, plain, _bound(purpose, key_id))
        return _MAGIC + key_id.bytes + nonce + sealed

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Raises ``VaultError`` where the bytes are not what ``seal`` gave for this purpose."""
        if sealed[:4] == _FORMER_MAGIC:
            return self._open_former(sealed, purpose=purpose)
        key_id = key_id_of(sealed)
        nonce, body = sealed[_HEAD_BYTES - _NONCE_BYTES : _HEAD_BYTES], sealed[_HEAD_BYTES:]
        return _decrypt(self.keys.cipher(key_id), nonce, body, bound=_bound(purpose, key_id))

    def _open_former(self, sealed: bytes, *, purpose: str) -> bytes:
        cipher = self.keys.cipher(self.keys.installation())
        return _decrypt(cipher, sealed[4:16], sealed[16:], bound=purpose.encode())

    def put(self, kind: str, plain: bytes, *, data_key: UUID | None = None) -> str:
        """Write ``plain`` atomically and return its key, for example ``crops/3f/3fa9…``."""
        name = secrets.token_hex(16)
        key = f"{kind}/{name[:2]}/{name}"
        path = self._root / key
        temporary = path.with_suffix(".part")
        sealed = self.seal(plain, purpose=kind, data_key=data_key)
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

    def copy(self, key: str, *, data_key: UUID) -> str:
        """The same content under another person's key, as a new blob; returns its key."""
        return self.put(key.partition("/")[0], self.get(key), data_key=data_key)

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


def key_id_of(sealed: bytes) -> UUID:
    """The data key that ``sealed`` needs. Raises ``VaultError`` for bytes of another form."""
    if sealed[:4] != _MAGIC or len(sealed) < _HEAD_BYTES:
        raise VaultError("What is stored has not the form that Gatehouse writes.")
    return UUID(bytes=sealed[4 : 4 + _KEY_ID_BYTES])


def key_ids_of(sealed: Iterable[bytes | memoryview]) -> set[UUID]:
    """The data keys that these need, to be loaded at once; former seals need none of their own."""
    return {key_id_of(bytes(one)) for one in sealed if bytes(one[:4]) == _MAGIC}


def _decrypt(cipher: AESGCM, nonce: bytes, body: bytes, *, bound: bytes) -> bytes:
    try:
        return cipher.decrypt(nonce, body, bound)
    except (InvalidTag, ValueError):
        raise VaultError(
            "A stored file cannot be decrypted: it was altered since it was written. Restore it "
            "from the backup."
        ) from None


def _bound(purpose: str, key_id: UUID) -> bytes:
    return purpose.encode() + b"\0" + key_id.bytes


@lru_cache(maxsize=1)
def vault() -> Vault:
    """The installation's own store, under ``<data>/media`` with ``<data>/keys/master.key``."""
    return Vault(Path(settings.MEDIA_ROOT), keys=KeyRing(Path(settings.DATA_DIR) / "keys"))
