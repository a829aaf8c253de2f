"""Sealing what belongs to one person anew, under another's key.

New blobs are written before the rows name them and the old ones deleted once that is committed:
a crash in between leaves blobs that no row names, which the nightly search for orphans deletes,
and never a row without its picture.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import models, transaction

from portal.core.fields import VaultKeyField
from portal.core.vault import vault

__all__ = ["reseal"]

_VECTOR = "sealed_vector"


def reseal(rows: Iterable[models.Model], *, data_key: UUID) -> None:
    """Every blob and vector of these rows, whatever their table; part of the transaction."""
    former: list[str] = []
    for row in rows:
        changed: list[str] = []
        for field in row._meta.concrete_fields:
            value = getattr(row, field.attname)
            if not value:
                continue
            if isinstance(field, VaultKeyField):
                setattr(row, field.attname, vault().copy(value, data_key=data_key))
                former.append(value)
            elif field.attname == _VECTOR:
                plain = vault().open(bytes(value), purpose="template")
                setattr(row, _VECTOR, vault().seal(plain, purpose="template", data_key=data_key))
            else:
                continue
            changed.append(field.attname)
        if changed:
            row.save(update_fields=changed)
    transaction.on_commit(lambda: vault().delete_all(former), robust=True)
