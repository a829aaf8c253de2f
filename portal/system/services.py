"""Housekeeping of the installation."""

from __future__ import annotations

from datetime import timedelta

from django.apps import apps
from django.utils import timezone

from portal.core.fields import VaultKeyField
from portal.core.vault import vault

__all__ = ["delete_orphaned_blobs"]

# A blob is written before the row that names it; younger ones may still get theirs.
GRACE = timedelta(days=1)


def delete_orphaned_blobs() -> int:
    """Delete blobs that no row names: left behind where a process died between the two writes."""
    candidates = set(vault().keys_older_than(timezone.now() - GRACE))
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, VaultKeyField) and candidates:
                rows = model._default_manager.values_list(field.attname, flat=True)
                candidates.difference_update(rows.iterator(chunk_size=5000))
    vault().delete_all(candidates)
    return len(candidates)
