"""Everything the database and the vault say about people, in a form that two moments can be
compared by: pictures and vectors by their content and by whose key seals them.

Public surface: ``dump``, ``Rows``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models

from portal.core.fields import VaultKeyField
from portal.core.vault import key_id_of, vault
from portal.people.models import Person
from portal.sightings.models import VisitVector
from portal.sightings.services.visits import VECTOR_PURPOSE

__all__ = ["Rows", "dump"]

# A number that grows with every change, whoever it is about.
_LEFT_OUT = {"people.gallerystate"}
_APPS = {"people", "enrolment", "sightings", "hygiene", "accounts", "review"}
# A key is made when it is first needed, and stays; ``updated_at`` and ``changed_at`` tell when, not
# what; whom a stranger resembles is asked anew after every change.
_FIELDS_LEFT_OUT = {"data_key", "updated_at", "changed_at", "candidates_revision"}

Rows = dict[str, dict[str, Any]]


def dump(*, only: Collection[UUID] | None = None) -> Rows:
    """Every row by table and key; ``only`` keeps rows that belong to these people."""
    rows: Rows = {}
    for model in apps.get_models():
        if model._meta.app_label not in _APPS or model._meta.label_lower in _LEFT_OUT:
            continue
        for row in model._default_manager.all():
            if only is None or _owner(row) in only:
                rows[f"{model._meta.label_lower}:{row.pk}"] = _values(row)
    return rows


def _values(row: models.Model) -> dict[str, Any]:
    return {
        field.name: _value(field, getattr(row, field.attname))
        for field in row._meta.concrete_fields
        if field.name not in _FIELDS_LEFT_OUT
    }


def _value(field: models.Field, value: Any) -> Any:
    if isinstance(field, VaultKeyField) and value:
        sealed = vault()._path(value).read_bytes()
        return hashlib.sha256(vault().get(value)).hexdigest(), key_id_of(sealed)
    if field.name == "sealed_vector":
        purpose = VECTOR_PURPOSE if field.model is VisitVector else "template"
        return vault().open(bytes(value), purpose=purpose), key_id_of(bytes(value))
    return value


def _owner(row: models.Model) -> UUID | None:
    if isinstance(row, Person):
        return row.pk
    return getattr(row, "person_id", None)
