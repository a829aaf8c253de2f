"""Names that only one row of its kind may have, as people type them. Public surface: ``free_name``."""

from __future__ import annotations

from typing import Final

from django.db.models import Model

from portal.core.errors import DomainError

__all__ = ["free_name"]

_LONGEST: Final = 80


def free_name(name: str, *, model: type[Model], noun: str, unless: Model | None = None) -> str:
    """``name`` as it is kept, upper and lower case being one. Raises ``DomainError`` for none
    (``NOUN.name``), and for one that another row than ``unless`` has (``NOUN.name_taken``)."""
    name = name.strip()[:_LONGEST]
    if not name:
        raise DomainError(f"A {noun} needs a name.", code=f"{noun}.name")
    others = model._default_manager.filter(name__iexact=name)
    if unless is not None:
        others = others.exclude(pk=unless.pk)
    if others.exists():
        raise DomainError(
            f"There is a {noun} called {name} already.", code=f"{noun}.name_taken", http_status=409
        )
    return name
