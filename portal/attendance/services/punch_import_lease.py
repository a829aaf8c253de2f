"""Who is working on which file of punches: one at a time, and nobody for long after their death.

Public surface: ``MAX_ATTEMPTS``, ``acting_as_importer``, ``claim``, ``held_by``, ``renewed``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from django.db.models import F, Q
from django.utils import timezone

from portal.attendance.models import PunchImport
from portal.core.context import Actor, acting_as, require
from portal.core.errors import PermissionMissing

__all__ = ["LEASE", "MAX_ATTEMPTS", "acting_as_importer", "claim", "held_by", "renewed"]

# Longer than a lot takes, shorter than anybody's patience after a worker was killed.
LEASE: Final = timedelta(seconds=20)
MAX_ATTEMPTS: Final = 5


def claim(owner: str) -> PunchImport | None:
    """The oldest import that waits and that nobody else works on, now leased to ``owner``. Whoever
    takes it over from another counts one attempt."""
    now = timezone.now()
    free = Q(leased_until=None) | Q(leased_until__lt=now) | Q(leased_by=owner)
    waiting = PunchImport.objects.filter(free, state__in=PunchImport.BUSY).order_by("id")
    for pk, held in list(waiting.values_list("pk", "leased_by")[:5]):
        # Asked again in the update: of two workers one gets it.
        claimed = PunchImport.objects.filter(free, pk=pk, state__in=PunchImport.BUSY).update(
            leased_by=owner,
            leased_until=now + LEASE,
            attempts=F("attempts") + int(held != owner),
        )
        if claimed:
            return PunchImport.objects.select_related("imported_by").get(pk=pk)
    return None


def held_by(imported: PunchImport, owner: str, *, state: str) -> PunchImport | None:
    """The row, locked, where ``owner`` still holds it in this state."""
    return (
        PunchImport.objects.select_for_update()
        .filter(pk=imported.pk, state=state, leased_by=owner)
        .first()
    )


def renewed(row: PunchImport) -> PunchImport:
    row.leased_until = timezone.now() + LEASE
    return row


@contextmanager
def acting_as_importer(imported: PunchImport) -> Iterator[Actor]:
    """Act as whoever uploaded it, with the rights and the scope that they have now.

    Raises ``PermissionMissing`` where those have been taken away meanwhile.
    """
    user = imported.imported_by
    if user is None or not user.is_active:
        raise PermissionMissing("Whoever uploaded this file has no account any more.")
    actor = Actor(
        kind="user",
        id=str(user.pk),
        label=user.get_username(),
        permissions=user.permissions,
        scope=user.scope(),
    )
    with acting_as(actor):
        require("attendance.manage")
        yield actor
