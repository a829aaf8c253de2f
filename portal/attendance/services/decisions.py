"""Deciding on a request: by somebody who neither asked for it nor is the person concerned.

Public surface: ``approve_correction``, ``refuse_correction``. There is no other way to a decision,
so pages, programs and commands are held to the same rule, which is checked under a row lock.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.attendance.models import Correction
from portal.attendance.selectors.corrections import lock_person, standing_corrections
from portal.attendance.selectors.deciders import user_of, why_not
from portal.attendance.selectors.stored_days import DayFacts, day_facts
from portal.attendance.selectors.visible import visible_corrections
from portal.attendance.services.corrections import announce, decided_already
from portal.attendance.services.recompute import recompute_people
from portal.attendance.services.stale import mark_stale
from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError, NotFound, PermissionMissing
from portal.jobs.dispatch import ring_on_commit

__all__ = ["approve_correction", "refuse_correction"]

_NOTE_LENGTH: Final = 300
_SHORTEST_NOTE: Final = 3
# A time that is added to one day may be taken from its neighbour.
_NEAR: Final = timedelta(days=1)


@transaction.atomic
def approve_correction(correction: Correction, *, note: str = "") -> Correction:
    """The day is computed with it. Where the day is settled it stays, and an adjustment says by
    how much it is off. Raises ``DomainError``; ``PermissionMissing`` for whoever asked, and for
    the person concerned."""
    row, user = _take(correction)
    note = _checked_note(note)
    _check_still_holds(row)
    before = day_facts(row.person_id, row.work_date)
    _decide(row, user, Correction.State.APPROVED, note)
    _compute_anew(row)
    after = day_facts(row.person_id, row.work_date)
    row.before, row.after = _kept(before), _kept(after)
    row.save(update_fields=["before", "after"])
    _tell(row, before=before, after=after)
    return row


@transaction.atomic
def refuse_correction(correction: Correction, *, note: str) -> Correction:
    """The day stays; ``note`` says why, to whoever asked."""
    row, user = _take(correction)
    note = _checked_note(note)
    if len(note) < _SHORTEST_NOTE:
        raise DomainError(
            "Say in a few words why not: it is told to whoever asked.",
            code="correction.note",
            http_status=422,
        )
    _decide(row, user, Correction.State.REFUSED, note)
    _tell(row)
    return row


def _take(correction: Correction) -> tuple[Correction, User]:
    """The row, locked, and the user who may decide on it."""
    actor = require("attendance.decide")
    user = user_of(actor)
    if user is None or not user.is_active or not user.has_permission("attendance.decide"):
        raise PermissionMissing(
            "A correction is decided on by a person who is signed in, not by a program.",
            data={"permission": "attendance.decide"},
        )
    lock_person(correction.person_id)
    row = (
        visible_corrections()
        .select_for_update(of=("self",))
        .select_related("person__site", "punch", "undoes")
        .filter(pk=correction.pk)
        .first()
    )
    if row is None:
        raise NotFound("There is no such request, or the person is not one of yours.")
    reason = why_not(row, user)
    if reason:
        raise PermissionMissing(reason, code="correction.own")
    if row.state != Correction.State.REQUESTED:
        raise decided_already(row)
    return row, user


def _check_still_holds(row: Correction) -> None:
    """What it is about may have gone since it was asked for."""
    standing = standing_corrections(row.person_id, row.work_date)
    if row.undoes_id is not None and row.undoes_id not in {each.pk for each in standing}:
        raise _gone("What it would take back does not count any more.")
    if row.punch is None:
        return
    if row.punch.voided_at is not None or row.punch.person_id != row.person_id:
        raise _gone("The time that it is about does not count any more.")
    if any(each.punch_id == row.punch_id for each in standing):
        raise _gone("Another correction of this time was approved meanwhile.")


def _gone(message: str) -> DomainError:
    return DomainError(
        f"{message} Refuse this request, or ask whoever sent it to withdraw it.",
        code="correction.gone",
        http_status=409,
    )


def _decide(row: Correction, user: User, state: Correction.State, note: str) -> None:
    row.state, row.decided_by, row.decided_at = state, user, timezone.now()
    row.decision_note = note
    row.save(update_fields=["state", "decided_by", "decided_at", "decision_note"])


def _tell(
    row: Correction,
    *,
    before: list[DayFacts] | None = None,
    after: list[DayFacts] | None = None,
) -> None:
    record(
        f"attendance.correction.{row.state}",
        target=row,
        before={"state": Correction.State.REQUESTED.value, **_kept(before or [])},
        after={
            "state": row.state,
            "kind": row.kind,
            "person": str(row.person_id),
            "work_date": row.work_date.isoformat(),
            **_kept(after or []),
        },
    )
    ring_on_commit("attendance.tell")
    announce()


def _compute_anew(row: Correction) -> None:
    """The day at once, for whoever decided looks at it next; its neighbours, which a time may have
    been taken from, when their turn comes."""
    day, cause = row.work_date, "correction"
    recompute_people([row.person_id], first=day, last=day, cause=cause)
    mark_stale([row.person_id], first=day - _NEAR, last=day + _NEAR, cause=cause)


def _kept(days: list[DayFacts]) -> dict[str, Any]:
    return {"days": [day.as_json() for day in days]}


def _checked_note(note: str) -> str:
    note = " ".join(note.split())
    if len(note) > _NOTE_LENGTH:
        raise DomainError(
            f"The note has {len(note)} characters; at most {_NOTE_LENGTH} are kept.",
            code="correction.note",
            http_status=422,
        )
    return note
