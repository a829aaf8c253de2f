"""Strangers' numbers and counts. Public surface: ``lock_grouping``, ``next_number``, ``recount``."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Count, Max, Min

from portal.review.models import Stranger
from portal.sightings.models import Visit

__all__ = ["lock_grouping", "next_number", "recount"]

_ADVISORY_LOCK: Final = 0x7374_7267  # "strg"


def lock_grouping() -> None:
    """One at a time says who is whom, until the transaction ends: else two workers would make two
    strangers of one. SQLite's IMMEDIATE transactions have one writer anyway; PostgreSQL is told."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])


def next_number() -> int:
    """For a stranger that is made in this transaction, under ``lock_grouping``."""
    highest = Stranger.objects.aggregate(highest=Max("number"))["highest"]
    return (highest or 0) + 1


def recount(stranger_ids: Collection[UUID | str]) -> None:
    """How many visits, from when to when, as they are now; whom each resembles is asked anew.

    One that has no visits left keeps its times."""
    rows = (
        Visit.objects.filter(stranger_id__in=stranger_ids)
        .order_by()
        .values_list("stranger")
        .annotate(count=Count("pk"), first=Min("first_at"), last=Max("last_at"))
    )
    found = {pk: numbers for pk, *numbers in rows}
    changed = list(Stranger.objects.filter(pk__in=stranger_ids))
    for stranger in changed:
        count, first, last = found.get(stranger.pk, (0, stranger.first_at, stranger.last_at))
        stranger.visit_count, stranger.first_at, stranger.last_at = count, first, last
        stranger.candidates_revision = -1
    Stranger.objects.bulk_update(
        changed, ["visit_count", "first_at", "last_at", "candidates_revision"]
    )
