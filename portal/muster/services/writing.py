"""Writing changes: one after the other within a roll-call, each once, the latest one in force.

Public surface: ``NewChange``, ``locked``, ``write_changes``, ``tell``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from portal.core.events import MusterChanged, publish_on_commit
from portal.muster.models import MusterChange, MusterEntry, MusterEvent

__all__ = ["NewChange", "locked", "tell", "write_changes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChange:
    """``at`` is when it was so, by the server's clock."""

    entry: MusterEntry
    state: str
    at: datetime
    label: str
    key: str
    camera_id: UUID | None = None
    note: str = ""


def locked(event_id: UUID) -> MusterEvent:
    """The roll-call, for this transaction alone: so changes get their numbers in the order in
    which they become visible."""
    return MusterEvent.objects.select_for_update().select_related(None).get(pk=event_id)


def write_changes(event: MusterEvent, changes: Sequence[NewChange]) -> int:
    """Of a ``locked`` roll-call. A key that is known is the same change sent again; of several
    about one person the one that was made last holds, whenever it comes. Returns how many are new.
    """
    known = set(
        MusterChange.objects.filter(key__in=[change.key for change in changes]).values_list(
            "key", flat=True
        )
    )
    now = timezone.now()
    new: list[MusterChange] = []
    touched: dict[UUID, MusterEntry] = {}
    for change in changes:
        if change.key in known:
            continue
        known.add(change.key)
        new.append(
            MusterChange(
                entry=change.entry,
                state=change.state,
                at=change.at,
                received_at=now,
                actor_label=change.label[:254],
                camera_id=change.camera_id,
                note=change.note[:200],
                key=change.key,
            )
        )
        entry = touched.get(change.entry.pk, change.entry)
        if entry.changed_at is None or change.at >= entry.changed_at:
            entry.state = change.state
            entry.changed_at = change.at
            entry.changed_by = change.label[:254]
        touched[entry.pk] = entry
    if new:
        MusterChange.objects.bulk_create(new)
        MusterEntry.objects.bulk_update(
            touched.values(), ["state", "changed_at", "changed_by"], batch_size=200
        )
        tell(event)
    return len(new)


def tell(event: MusterEvent) -> None:
    publish_on_commit("muster", MusterChanged(type="muster.changed", id=str(event.pk)))
