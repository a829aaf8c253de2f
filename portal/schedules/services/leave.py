"""Leave: asked for, decided by somebody else, withdrawn.

Public surface: ``LeaveAsked``, ``request_leave``, ``approve_leave``, ``refuse_leave``,
``withdraw_leave``. Only approved leave makes a day another day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.services import record
from portal.core.context import Actor, current_actor, require
from portal.core.errors import DomainError, PermissionMissing
from portal.core.events import publish_on_commit
from portal.people.models import Person
from portal.people.selectors import is_within
from portal.schedules.changes import PlanChange, tell
from portal.schedules.models import Leave, LeaveType
from portal.schedules.selectors.leave import has_begun, is_own, own_person_id

__all__ = [
    "LeaveAsked",
    "approve_leave",
    "refuse_leave",
    "request_leave",
    "withdraw_leave",
]

_LONGEST: Final = timedelta(days=366)
_FARTHEST: Final = timedelta(days=2 * 366)
_LONGEST_TEXT: Final = 300
_STANDING: Final = (Leave.State.REQUESTED, Leave.State.APPROVED)
_HALVES: Final = {Leave.Part.AM, Leave.Part.PM}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveAsked:
    """``last`` is the last date of leave itself; a half is of a single date."""

    type_id: UUID
    first: date
    last: date
    part: str = Leave.Part.FULL.value
    reason: str = ""


@transaction.atomic
def request_leave(person: Person, asked: LeaveAsked) -> Leave:
    """For oneself, or for somebody whom one may ask for. It waits until another person decides.

    Raises ``DomainError``: ``leave.dates``, ``leave.half``, ``leave.type``, ``leave.not_employed``,
    ``leave.overlap``, which names the other one.
    """
    actor = _requester(person)
    # Of two requests for the same dates the second one finds the first.
    locked = Person.objects.select_for_update().get(pk=person.pk)
    _check_dates(asked)
    _check_employed(locked, asked)
    kind = LeaveType.objects.filter(pk=asked.type_id, retired_at=None).first()
    if kind is None:
        raise DomainError(
            "This kind of leave is not given any more. Choose another.",
            code="leave.type",
            data={"field": "type"},
        )
    _refuse_overlap(locked, asked)
    leave = Leave.objects.create(
        person=locked,
        type=kind,
        first=asked.first,
        last=asked.last,
        part=asked.part,
        reason=" ".join(asked.reason.split())[:_LONGEST_TEXT],
        requested_by=User.objects.filter(pk=actor.id).first() if actor.kind == "user" else None,
    )
    record("schedules.leave.requested", target=leave, after=_shown(leave))
    _publish()
    return leave


@transaction.atomic
def approve_leave(leave: Leave, *, note: str = "") -> Leave:
    """Raises as ``refuse_leave`` does, and ``leave.overlap`` where other leave was approved since."""
    locked = _decide(leave, state=Leave.State.APPROVED, note=note)
    _tell(locked)
    return locked


@transaction.atomic
def refuse_leave(leave: Leave, *, note: str) -> Leave:
    """Raises ``DomainError``: ``leave.decided``, ``leave.own``, ``leave.note`` where nothing is
    said."""
    if not note.strip():
        raise DomainError(
            "Say in a few words why: whoever asked will read it.",
            code="leave.note",
            data={"field": "note"},
        )
    return _decide(leave, state=Leave.State.REFUSED, note=note)


@transaction.atomic
def withdraw_leave(leave: Leave) -> Leave:
    """By the person or whoever may ask for them; once approved leave has begun, by somebody who
    may decide and is neither.

    Raises ``DomainError``: ``leave.over`` where there is nothing left to withdraw, ``leave.begun``.
    """
    _requester(leave.person)
    locked = _locked(leave)
    if locked.state not in _STANDING:
        raise _decided(locked)
    was_approved = locked.state == Leave.State.APPROVED
    if was_approved and has_begun(locked):
        _refuse_own(
            require("attendance.decide"),
            locked,
            f"This leave has begun, so days that are over would change. {_SOMEBODY_ELSE}",
            code="leave.begun",
        )
    before = _shown(locked)
    locked.state = Leave.State.WITHDRAWN
    locked.save(update_fields=["state"])
    record("schedules.leave.withdrawn", target=locked, before=before, after=_shown(locked))
    if was_approved:
        _tell(locked)
    _publish()
    return locked


_SOMEBODY_ELSE: Final = (
    "It takes somebody else with the right to decide, who neither asked for it nor is on leave."
)


def _decide(leave: Leave, *, state: str, note: str) -> Leave:
    actor = require("attendance.decide")
    if not is_within(actor.scope, leave.person):
        raise PermissionMissing("Your rights do not reach this person.")
    locked = _locked(leave)
    _refuse_own(
        actor, locked, f"You cannot decide on this leave. {_SOMEBODY_ELSE}", code="leave.own"
    )
    if locked.state != Leave.State.REQUESTED:
        raise _decided(locked)
    before = _shown(locked)
    locked.state = state
    locked.decided_by = User.objects.get(pk=actor.id)
    locked.decided_at = timezone.now()
    locked.decision_note = " ".join(note.split())[:_LONGEST_TEXT]
    locked.save(update_fields=["state", "decided_by", "decided_at", "decision_note"])
    record(f"schedules.leave.{state}", target=locked, before=before, after=_shown(locked))
    _publish()
    return locked


def _requester(person: Person) -> Actor:
    """Who may ask for this person: they themselves, or somebody with the right, within scope."""
    actor = current_actor()
    if actor.may("attendance.request") and is_within(actor.scope, person):
        return actor
    if actor.may("self.view") and own_person_id(actor) == person.pk:
        return actor
    raise PermissionMissing(
        "You can ask for leave of your own, or of people whom your rights reach. This is neither."
    )


def _refuse_own(actor: Actor, leave: Leave, message: str, *, code: str) -> None:
    """Only an account can decide: of a program nobody could tell whose word it is."""
    if actor.kind != "user" or is_own(leave, actor):
        raise DomainError(message, code=code, http_status=403)


def _locked(leave: Leave) -> Leave:
    return (
        Leave.objects.select_for_update(of=("self",))
        .select_related("person", "type")
        .get(pk=leave.pk)
    )


def _decided(leave: Leave) -> DomainError:
    return DomainError(
        f"This leave is {leave.get_state_display().lower()} already, so there is nothing left to "
        "decide. Ask anew if it is wanted after all.",
        code="leave.over",
        http_status=409,
    )


def _check_dates(asked: LeaveAsked) -> None:
    today = timezone.localdate()
    if asked.last < asked.first:
        raise DomainError(
            f"The last day, {asked.last:%-d %B %Y}, lies before the first, "
            f"{asked.first:%-d %B %Y}.",
            code="leave.dates",
            data={"field": "last"},
        )
    if asked.last - asked.first >= _LONGEST:
        raise DomainError(
            "Leave is asked for a year at a time at most. Make two requests of it.",
            code="leave.dates",
            data={"field": "last"},
        )
    if abs(asked.first - today) > _FARTHEST:
        raise DomainError(
            f"{asked.first:%-d %B %Y} is more than two years from today. Look at the year again.",
            code="leave.dates",
            data={"field": "first"},
        )
    if asked.part not in Leave.Part.values:
        raise DomainError("Leave is of whole days or of a half.", code="leave.half")
    if asked.part in _HALVES and asked.first != asked.last:
        raise DomainError(
            "Half a day is of one date: let first and last day be the same, or ask for whole days.",
            code="leave.half",
            data={"field": "part"},
        )


def _check_employed(person: Person, asked: LeaveAsked) -> None:
    too_early = person.employed_from is not None and asked.first < person.employed_from
    too_late = person.employed_to is not None and asked.last > person.employed_to
    if person.status not in Person.LIVING or too_early or too_late:
        raise DomainError(
            f"{person.name} does not belong here on all of these dates. Choose dates between the "
            "first and the last day of work.",
            code="leave.not_employed",
            data={"field": "first"},
        )


def _refuse_overlap(person: Person, asked: LeaveAsked) -> None:
    others = Leave.objects.filter(
        person=person, state__in=_STANDING, first__lte=asked.last, last__gte=asked.first
    ).select_related("type")
    for other in others:
        # The other half of one date is no overlap.
        if {asked.part, other.part} == _HALVES:
            continue
        raise DomainError(
            f"{person.name} has leave on {_dates(other)} already: {other.type.name}, "
            f"{other.get_state_display().lower()}. Withdraw that first, or choose other dates.",
            code="leave.overlap",
            http_status=409,
            data={"field": "first", "leave": str(other.pk)},
        )


def _dates(leave: Leave) -> str:
    if leave.first == leave.last:
        half = "" if leave.part == Leave.Part.FULL else f" ({leave.get_part_display().lower()})"
        return f"{leave.first:%-d %B %Y}{half}"
    return f"{leave.first:%-d %B} to {leave.last:%-d %B %Y}"


def _tell(leave: Leave) -> None:
    tell(
        PlanChange(
            person_ids=frozenset({leave.person_id}),
            first=leave.first,
            last=leave.last,
            cause="leave",
        )
    )


def _publish() -> None:
    publish_on_commit("attendance", {"type": "attendance.changed"})


def _shown(leave: Leave) -> dict[str, str]:
    """Without the reason: it may tell of an illness, and the log is kept for longer."""
    return {
        "person": str(leave.person_id),
        "first": leave.first.isoformat(),
        "last": leave.last.isoformat(),
        "part": leave.part,
        "state": leave.state,
    }
