"""Noting an act, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import current_actor, require
from portal.core.errors import DomainError
from portal.journal.models import Act
from portal.journal.registry import undo_of

__all__ = ["note_act", "undo_act"]


def note_act(kind: str, title: str, *, data: Mapping[str, Any], person_id: UUID | None) -> Act:
    """Write an act down in the transaction that does it. ``title`` is for people: no other names
    than those of the people concerned, since it goes when ``person`` is erased."""
    actor = current_actor()
    return Act.objects.create(
        kind=kind,
        title=title[:200],
        data=dict(data),
        person_id=person_id,
        actor_id=actor.id,
        actor_label=actor.label[:254],
        expires_at=timezone.now() + Act.LIFE,
    )


@transaction.atomic
def undo_act(act: Act) -> Act:
    """Take ``act`` back. Raises ``DomainError`` where it was taken back already, is too long ago,
    or where what happened since stands in the way."""
    actor = require("people.manage")
    locked = Act.objects.select_for_update().get(pk=act.pk)
    undo = undo_of(locked.kind)
    if locked.undone_at is not None:
        raise DomainError("This was undone already.", code="journal.undone", http_status=409)
    if undo is None or locked.expires_at < timezone.now():
        raise DomainError(
            f"This can be undone for {Act.LIFE.days} days only; that time has passed.",
            code="journal.expired",
            http_status=409,
        )
    undo(locked)
    locked.undone_at, locked.undone_by = timezone.now(), actor.label[:254]
    locked.save(update_fields=["undone_at", "undone_by"])
    record("journal.act.undone", target=locked, after={"kind": locked.kind})
    return locked
