"""Which rows of which tables belong to a person, or mention one: found by following foreign keys,
so that an export or an erasure cannot forget a new table.

Public surface: ``Belonging``, ``belongings_of``, ``blobs_of``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import CASCADE, Model, QuerySet

from portal.core.fields import VaultKeyField
from portal.people.models import Person

__all__ = ["Belonging", "belongings_of", "blobs_of"]


@dataclass(frozen=True, slots=True)
class Belonging:
    """Rows of one model that one of its foreign keys ties to the person.

    ``is_own`` rows exist only for the person (or for another row that does) and go with it;
    ``is_direct`` ones name the person themselves. ``is_hidden`` rows are somebody else's, such as
    a draft that looked like this person.
    """

    model: type[Model]
    field: str
    rows: QuerySet[Any]
    is_own: bool
    is_direct: bool
    is_hidden: bool

    @property
    def name(self) -> str:
        return f"{self.model._meta.label_lower}.{self.field}"


def belongings_of(person: Person) -> list[Belonging]:
    """Every table with a foreign key to the person, and below each own row whatever goes with it."""
    found: list[Belonging] = []
    waiting: list[tuple[type[Model], Any]] = [(Person, [person.pk])]
    while waiting:
        parent, ids = waiting.pop(0)
        for relation in parent._meta.get_fields(include_hidden=True):
            if not relation.auto_created or relation.concrete or relation.many_to_many:
                continue
            model: Any = relation.related_model
            field: Any = relation.field  # type: ignore[union-attr]
            is_own = field.remote_field.on_delete is CASCADE
            if model._meta.auto_created or (parent is not Person and not is_own):
                continue
            rows = model._default_manager.filter(**{f"{field.name}__in": ids}).order_by("pk")
            found.append(
                Belonging(
                    model=model,
                    field=field.name,
                    rows=rows,
                    is_own=is_own,
                    is_direct=parent is Person,
                    is_hidden=bool(relation.hidden),
                )
            )
            if is_own and model is not parent:
                waiting.append((model, rows.order_by().values("pk")))
    return found


def blobs_of(belonging: Belonging) -> set[str]:
    """The vault's keys in these rows."""
    names = [
        field.attname
        for field in belonging.model._meta.concrete_fields
        if isinstance(field, VaultKeyField)
    ]
    if not names:
        return set()
    return {key for row in belonging.rows.values_list(*names) for key in row if key}
