"""Data keys, wrapped in the database by a master key outside it (envelope encryption).

To destroy a person's key is to erase everything sealed with it; to change the master key is to
wrap the data keys anew, not to rewrite the pictures.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from portal.core.errors import DomainError, OperatorError
from portal.core.ids import uuid7
from portal.core.keys import load_or_create_key, load_or_create_key_bytes, read_key_bytes
from portal.core.models import DataKey

__all__ = ["KeyRing", "VaultError"]

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
# After this long a key is read again, so that one destroyed by another process is soon forgotten.
_REMEMBER_S: Final = 60.0
_ADVISORY_LOCK: Final = 0x6B65_7973  # "keys"


class VaultError(DomainError):
    """What is stored is absent, was altered, or its key was destroyed or is another."""

    code = "storage.unreadable"
    http_status = 500


class KeyRing:
    """The installation's data keys; ``folder`` holds ``master.key``.

    While the master key is being changed, ``master.key.next`` lies beside it: whichever wrapped
    a row, the row names it, so a crash in between leaves every key readable.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ciphers: dict[UUID, tuple[AESGCM, float]] = {}
        self._installation: UUID | None = None

    def create(self, *, use: str = DataKey.Use.PERSON) -> UUID:
        """A new key; part of the surrounding transaction."""
        key_id, plain = uuid7(), self._fresh(use)
        with transaction.atomic():
            # Held to the end of the transaction, so that a change of the master key waits for it.
            _lock_master(shared=True)
            name, master = self._current_master()
            DataKey.objects.create(
                pk=key_id, use=use, wrapped=_wrap(master, plain, key_id), master=name
            )
        self._remember(key_id, plain)
        return key_id

    def installation(self) -> UUID:
        """The key of what belongs to no one person, such as camera pictures of strangers."""
        if self._installation is not None:
            return self._installation
        key_id = self._find_installation() or self._create_installation()
        # A transaction that is rolled back takes a new key with it: remember none from inside.
        if not connection.in_atomic_block:
            self._installation = key_id
        return key_id

    def cipher(self, key_id: UUID) -> AESGCM:
        """Raises ``VaultError`` where the key was destroyed or cannot be unwrapped."""
        known = self._ciphers.get(key_id)
        if known is None or time.monotonic() - known[1] > _REMEMBER_S:
            self._ciphers.pop(key_id, None)
            self.load([key_id])
            known = self._ciphers.get(key_id)
        if known is None:
            raise VaultError(
                "What was stored cannot be read any more: its key was destroyed when the person "
                "was erased.",
                code="storage.erased",
                http_status=410,
            )
        return known[0]

    def load(self, key_ids: Iterable[UUID]) -> None:
        """Unwrap these keys in one query; ids of destroyed keys are passed over."""
        rows = DataKey.objects.filter(pk__in=set(key_ids), destroyed_at=None)
        for key_id, wrapped, master in rows.values_list("id", "wrapped", "master"):
            self._remember(key_id, _unwrap(self._master_named(master), bytes(wrapped), key_id))

    def destroy(self, key_id: UUID) -> None:
        """Overwrite the wrapped key; part of the surrounding transaction, final with its commit."""
        DataKey.objects.filter(pk=key_id).update(wrapped=b"", destroyed_at=timezone.now())
        transaction.on_commit(lambda: self._ciphers.pop(key_id, None))

    def check(self) -> None:
        """Raises ``OperatorError`` where the master key is not the one the data keys know."""
        live = DataKey.objects.filter(destroyed_at=None)
        # One of each master key: there are two after a change of it that was cut short.
        for master in live.order_by().values_list("master", flat=True).distinct():
            row = live.filter(master=master).order_by("pk")[0]
            try:
                _unwrap(self._master_named(row.master), bytes(row.wrapped), row.pk)
            except VaultError as error:
                raise OperatorError(error.message) from error

    def rotate(self) -> int:
        """Wrap every key under a new master key; returns how many. May be repeated after a crash."""
        next_path = self._folder / "master.key.next"
        load_or_create_key(next_path)
        new = load_or_create_key_bytes(next_path)
        name, count = _name_of(new), 0
        with transaction.atomic():
            _lock_master(shared=False)
            rows = (
                DataKey.objects.select_for_update().filter(destroyed_at=None).exclude(master=name)
            )
            for row in rows.iterator(chunk_size=500):
                plain = _unwrap(self._master_named(row.master), bytes(row.wrapped), row.pk)
                row.wrapped, row.master = _wrap(new, plain, row.pk), name
                row.save(update_fields=["wrapped", "master"])
                count += 1
        next_path.replace(self._folder / "master.key")
        return count

    def _find_installation(self) -> UUID | None:
        return (
            DataKey.objects.filter(use=DataKey.Use.INSTALLATION)
            .values_list("id", flat=True)
            .first()
        )

    def _create_installation(self) -> UUID:
        try:
            with transaction.atomic():
                return self.create(use=DataKey.Use.INSTALLATION)
        except IntegrityError:  # another process was first
            found = self._find_installation()
            if found is None:
                raise
            return found

    def _fresh(self, use: str) -> bytes:
        # Version 0.1 sealed everything with media.key: it lives on as the installation's data key.
        former = self._folder / "media.key"
        if use == DataKey.Use.INSTALLATION and former.exists():
            return load_or_create_key_bytes(former)
        return secrets.token_bytes(_KEY_BYTES)

    def _remember(self, key_id: UUID, plain: bytes) -> None:
        self._ciphers[key_id] = (AESGCM(plain), time.monotonic())

    def _current_master(self) -> tuple[str, bytes]:
        """What new keys are wrapped with: the next master key while there is one, since it stays.

        Made only where nothing is sealed yet: a key that is missing is never silently replaced.
        """
        for file in ("master.key.next", "master.key"):
            master = read_key_bytes(self._folder / file)
            if master is not None:
                return _name_of(master), master
        row = DataKey.objects.filter(destroyed_at=None).first()
        if row is not None:
            raise _missing(row.master)
        master = load_or_create_key_bytes(self._folder / "master.key")
        return _name_of(master), master

    def _master_named(self, name: str) -> bytes:
        # Read anew for each batch of keys: another process may have changed it meanwhile. The
        # first is asked twice, since the next becomes it between two looks.
        is_there = False
        for file in ("master.key", "master.key.next", "master.key"):
            master = read_key_bytes(self._folder / file)
            is_there = is_there or master is not None
            if master is not None and _name_of(master) == name:
                return master
        if not is_there:
            raise _missing(name)
        raise VaultError(
            f"keys/master.key is not the key that this database's pictures and templates are "
            f"sealed with (key {name} is expected). Restore the key that belongs to the database "
            "from the backup; without it nothing can be recognised."
        )


def _missing(name: str) -> VaultError:
    return VaultError(
        f"keys/master.key is missing, and this database's pictures and templates are sealed with it "
        f"(key {name}). Restore the key from the backup; a new one would open nothing."
    )


def _lock_master(*, shared: bool) -> None:
    """Keys are made by many at once, but never while the master key changes. SQLite's IMMEDIATE
    transactions have one writer anyway; PostgreSQL is told."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
            cursor.execute(f"SELECT {function}(%s)", [_ADVISORY_LOCK])


def _name_of(master: bytes) -> str:
    """Names a master key without telling anything of it."""
    return hmac.new(master, b"gatehouse master key", hashlib.sha256).hexdigest()[:16]


def _wrap(master: bytes, plain: bytes, key_id: UUID) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(master).encrypt(nonce, plain, key_id.bytes)


def _unwrap(master: bytes, wrapped: bytes, key_id: UUID) -> bytes:
    try:
        return AESGCM(master).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], key_id.bytes)
    except InvalidTag:
        raise VaultError("A key in the database was altered. Restore the database.") from None
