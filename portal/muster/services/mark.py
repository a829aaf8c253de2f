"""What people say of those on the list: safe, not here, or missing after all.

Public surface: ``Mark``, ``Outcome``, ``mark_people``, ``add_person``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError, NotFound
from portal.muster.models import MusterEntry, MusterEvent
from portal.muster.selectors import visible_entries, visible_muster
from portal.muster.services.writing import NewChange, locked, write_changes
from portal.people.models import Person
from portal.people.selectors import within_scope

__all__ = ["MOST_AT_ONCE", "Mark", "Outcome", "add_person", "mark_people"]

MOST_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One tap. ``at`` and ``sent_at`` are by the clock of the phone: only how long ago it was made
    when it was sent is taken from them, so that a wrong clock does no harm. ``label`` is who made
    it. ``key`` makes one sent again the same one."""

    key: str
    entry_id: UUID
    state: str
    label: str
    at: datetime | None = None
    sent_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """``refusal`` is empty where the mark is kept, now or since it was sent before."""

    key: str
    refusal: str = ""


@transaction.atomic
def mark_people(muster_id: UUID, marks: Sequence[Mark]) -> list[Outcome]:
    """Keep these marks; each has an outcome, and a wrong one keeps no other from being kept."""
    require("muster.run")
    if len(marks) > MOST_AT_ONCE:
        raise DomainError(
            f"{len(marks)} marks were sent at once; at most {MOST_AT_ONCE} are taken. "
            "Send them in parts.",
            code="muster.too_many",
        )
    event = locked(visible_muster(muster_id).pk)
    now = timezone.now()
    wanted = {mark.entry_id for mark in marks}
    entries = {entry.pk: entry for entry in visible_entries(event).filter(pk__in=wanted)}
    outcomes, changes = [], []
    for mark in marks:
        at = _moment(mark, event, now)
        refusal = _refusal(mark, entries, event, at)
        outcomes.append(Outcome(mark.key, refusal))
        if not refusal:
            changes.append(
                NewChange(
                    entry=entries[mark.entry_id],
                    state=mark.state,
                    at=at,
                    label=mark.label,
                    key=mark.key,
                    note=mark.note,
                )
            )
    if count := write_changes(event, changes):
        record("muster.marked", target=event, after={"marks": count})
    return outcomes


@transaction.atomic
def add_person(muster_id: UUID, person_id: UUID, *, is_safe: bool) -> MusterEntry:
    """Put somebody on the list who was not on it; who is there already stays as they are."""
    actor = require("muster.run")
    event = locked(visible_muster(muster_id).pk)
    if event.ended_at is not None:
        raise _over()
    person = Person.objects.filter(
        within_scope(actor.scope), pk=person_id, status__in=Person.LIVING
    ).first()
    if person is None:
        raise NotFound("There is no such person, or the person was erased.")
    entry, is_new = MusterEntry.objects.get_or_create(
        event=event,
        person=person,
        defaults={"department_id": person.department_id, "was_added": True},
    )
    if is_new:
        state = MusterEntry.State.SAFE if is_safe else MusterEntry.State.MISSING
        change = NewChange(
            entry=entry,
            state=state,
            at=timezone.now(),
            label=actor.label,
            key=f"added:{entry.pk.hex}",
            note="Added to the list",
        )
        write_changes(event, [change])
        record("muster.added", target=event, after={"person": str(person.pk), "state": state})
    return entry


def _moment(mark: Mark, event: MusterEvent, now: datetime) -> datetime:
    """When it was made, by our clock: neither before the beginning nor in the future."""
    if mark.at is None or mark.sent_at is None:
        return now
    return max(event.created_at, min(now, now - (mark.sent_at - mark.at)))


def _refusal(mark: Mark, entries: dict[UUID, MusterEntry], event: MusterEvent, at: datetime) -> str:
    if mark.state not in MusterEntry.State.values:
        return "This is no state of somebody on a roll-call."
    if mark.entry_id not in entries:
        return "This person is not on the list."
    if event.ended_at is not None and at > event.ended_at:
        return "The roll-call was over by then."
    return ""


def _over() -> DomainError:
    return DomainError("The roll-call is over.", code="muster.over", http_status=409)
