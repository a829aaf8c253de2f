"""Noting an act, taking it back, and forgetting it.

Public surface: ``note_act``, ``undo_act``, ``expire_acts`` (nightly) and ``forget_acts_of``, which
an erasure calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import current_actor, require
from portal.core.errors import DomainError
from portal.journal.models import Act
from portal.journal.registry import expiry_of, kind_of, undo_of

__all__ = ["expire_acts", "forget_acts_of", "note_act", "undo_act"]


def note_act(
    kind: str,
    title: str,
    *,
    data: Mapping[str, Any],
    person_id: UUID | None,
    other_id: UUID | None = None,
) -> Act:
    """Write an act down in the transaction that does it. ``title`` is for people: no other names
    than those of ``person`` and ``other``, since it goes when either is erased."""
    actor = current_actor()
    return Act.objects.create(
        kind=kind,
        title=title[:200],
        data=dict(data),
        person_id=person_id,
        other_id=other_id,
        actor_id=actor.id,
        actor_label=actor.label[:254],
        expires_at=timezone.now() + Act.LIFE,
    )


@transaction.atomic
def undo_act(act: Act) -> Act:
    """Take ``act`` back. Raises ``DomainError`` where it was taken back already, is too long ago,
    or where what happened since stands in the way."""
    known = kind_of(act.kind)
    actor = require(known.permission if known else "people.manage")
    locked = Act.objects.select_for_update().filter(pk=act.pk).first()
    if locked is None:
        raise DomainError(
            "The journal no longer holds this. It is kept for "
            f"{Act.LIFE.days} days, and until somebody it names is erased.",
            code="journal.expired",
            http_status=409,
        )
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


def expire_acts() -> int:
    """Delete acts that can no longer be undone, with what was kept only for that; returns how many.

    Those about somebody under a legal hold stay until it ends. One transaction each, so that a night that is cut short goes on where it stopped.
    """
    ids = (
        Act.objects.filter(expires_at__lt=timezone.now())
        .exclude(person__legal_hold=True)
        .exclude(other__legal_hold=True)
        .order_by("id")
    )
    count = 0
    for act_id in list(ids.values_list("id", flat=True)):
        with transaction.atomic():
            act = Act.objects.select_for_update().filter(pk=act_id).first()
            if act is None:
                continue
            forget = expiry_of(act.kind)
            if forget is not None and act.undone_at is None:
                forget(act)
            act.delete()
        count += 1
    if count:
        record("journal.expired", after={"acts": count, "days": Act.LIFE.days})
    return count


def forget_acts_of(person_id: UUID) -> int:
    """Delete all acts that name this person; part of an erasure's transaction."""
    acts = Act.objects.filter(Q(person_id=person_id) | Q(other_id=person_id))
    deleted, _ = acts.delete()
    return deleted
