"""Deleting visits, or what in them could tell a face. Public surface: ``delete_visits``."""

from __future__ import annotations

from django.db.models import QuerySet

from portal.sightings.models import Visit

__all__ = ["delete_visits"]


def delete_visits(rows: QuerySet[Visit]) -> int:
    """Delete these with their legs and vectors; the ledger's rows keep their own clock."""
    ids = list(rows.order_by().values_list("id", flat=True))
    Visit.objects.filter(pk__in=ids).delete()
    return len(ids)
