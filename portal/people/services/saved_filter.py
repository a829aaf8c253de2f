"""Searches in the list of people that a user keeps under a name of their own."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from portal.audit.services import record
from portal.core.context import Actor, require
from portal.core.errors import DomainError, NotFound
from portal.people.models import SavedFilter

__all__ = ["MOST_SAVED", "delete_filter", "save_filter"]

MOST_SAVED = 30
_LONGEST_QUERY = 500


@transaction.atomic
def save_filter(name: str, query: str) -> SavedFilter:
    """Keep ``query`` (a query string) as ``name``; one of that name is replaced."""
    actor = require("people.view")
    name = " ".join(name.split())
    if not name or len(name) > 60:
        raise DomainError(
            "A saved filter needs a name of at most 60 characters.", code="filter.name"
        )
    if not query or len(query) > _LONGEST_QUERY:
        raise DomainError(
            "There is nothing to save: narrow the list first, by a search, a choice or a tick."
            if not query
            else "This search is too long to be saved. Use fewer words.",
            code="filter.query",
        )
    mine = SavedFilter.objects.filter(user_id=_user_id(actor))
    if mine.exclude(name=name).count() >= MOST_SAVED:
        raise DomainError(
            f"You have {MOST_SAVED} saved filters already. Delete one first.", code="filter.many"
        )
    saved, _ = SavedFilter.objects.update_or_create(
        user_id=_user_id(actor), name=name, defaults={"query": query}
    )
    record("people.filter.saved", target=saved)
    return saved


@transaction.atomic
def delete_filter(filter_id: UUID) -> str:
    """Delete one of the actor's own; returns its name."""
    actor = require("people.view")
    saved = SavedFilter.objects.filter(pk=filter_id, user_id=_user_id(actor)).first()
    if saved is None:
        raise NotFound("There is no such saved filter.")
    record("people.filter.deleted", target=saved)
    saved.delete()
    return saved.name


def _user_id(actor: Actor) -> int:
    if actor.kind != "user":
        raise DomainError(
            "Filters are saved by people who are signed in.", code="filter.no_user", http_status=403
        )
    return int(actor.id)
