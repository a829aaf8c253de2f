"""Asking for a change to one day: by the person it is about, or by whoever answers for them.

Public surface: ``Wish``, ``ask_correction``, ``ask_undo``, ``check_wish``, ``deadline_days``,
``withdraw_correction``. A request is decided on in ``decisions``, by another; it
is never edited, and what was approved is taken back by a further request.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.attendance.engine import MARGIN
from portal.attendance.models import Correction, Punch
from portal.attendance.selectors.corrections import lock_person, standing_corrections
from portal.attendance.selectors.deciders import require_ask, user_of
from portal.attendance.services.evidence import Evidence, keep_evidence
from portal.audit.services import record
from portal.core.context import Actor, current_actor
from portal.core.errors import DomainError, NotFound, PermissionMissing
from portal.core.events import publish_on_commit
from portal.people.models import Person

__all__ = [
    "REASON_LENGTH",
    "Wish",
    "announce",
    "ask_correction",
    "ask_undo",
    "check_wish",
    "deadline_days",
    "withdraw_correction",
]

REASON_LENGTH: Final = 300
_SHORTEST_REASON: Final = 3
_TIMED: Final = frozenset({Correction.Kind.ADD, Correction.Kind.MOVE})
_ABOUT_A_PUNCH: Final = frozenset({Correction.Kind.VOID, Correction.Kind.MOVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asks for. ADD needs ``at``, VOID ``punch``, MOVE both, EXCUSE neither."""

    work_date: date
    kind: Correction.Kind
    reason: str = ""
    at: datetime | None = None
    direction: Punch.Direction = Punch.Direction.UNKNOWN
    punch: Punch | None = None

    def unsaved(self, person: Person) -> Correction:
        """The row that it would be, for a look at the day that it would make."""
        return Correction(
            person=person,
            work_date=self.work_date,
            kind=self.kind,
            at=self.at,
            direction=self.direction,
            punch=self.punch,
            reason=" ".join(self.reason.split()),
        )


def deadline_days() -> int:
    """How many days back a correction may be asked for by others than HR."""
    return int(settings.ATTENDANCE_CORRECTION_DAYS)


def check_wish(person: Person, wish: Wish) -> None:
    """Raises ``DomainError`` where it cannot be asked for, whatever its reason."""
    actor = require_ask(person)
    _check_date(actor, person, wish.work_date)
    if wish.kind == Correction.Kind.UNDO:
        raise _refused("correction.kind", "A correction is taken back on its own page.")
    if (wish.at is not None) != (wish.kind in _TIMED):
        raise _refused("correction.time", "Give the time that is to count.")
    if (wish.punch is not None) != (wish.kind in _ABOUT_A_PUNCH):
        raise _refused("correction.punch", "Choose the time that is wrong.")
    if wish.at is not None:
        _check_instant(person, wish, wish.at)
    if wish.punch is not None:
        _check_punch(person, wish, wish.punch)
    _check_new(person, wish)


@transaction.atomic
def ask_correction(person: Person, wish: Wish, *, evidence: Evidence | None = None) -> Correction:
    """A request that waits for somebody else's decision; the day stays until then. Raises
    ``DomainError``, see ``check_wish``."""
    lock_person(person.pk)
    check_wish(person, wish)
    row = wish.unsaved(person)
    row.reason = _checked_reason(wish.reason)
    return _file(row, evidence)


@transaction.atomic
def ask_undo(correction: Correction, *, reason: str) -> Correction:
    """Ask for an approved correction to count no longer: a row of its own, decided on alike."""
    lock_person(correction.person_id)
    target = (
        Correction.objects.select_for_update(of=("self",))
        .select_related("person")
        .get(pk=correction.pk)
    )
    actor = require_ask(target.person)
    _check_date(actor, target.person, target.work_date)
    if target.state != Correction.State.APPROVED or target not in standing_corrections(
        target.person_id, target.work_date
    ):
        raise _refused(
            "correction.not_standing", "Only a correction that counts can be taken back.", 409
        )
    waiting = Correction.objects.filter(undoes=target, state=Correction.State.REQUESTED)
    if waiting.exists():
        raise _twice()
    return _file(
        Correction(
            person=target.person,
            work_date=target.work_date,
            kind=Correction.Kind.UNDO,
            undoes=target,
            reason=_checked_reason(reason),
        )
    )


@transaction.atomic
def withdraw_correction(correction: Correction) -> Correction:
    """By whoever asked, or the person it is about, as long as nobody decided."""
    row = (
        Correction.objects.select_for_update(of=("self",))
        .select_related("person")
        .get(pk=correction.pk)
    )
    actor = current_actor()
    user = user_of(actor)
    if user is None or not user.is_active:
        raise PermissionMissing("Sign in to withdraw a request.")
    if user.pk != row.requested_by_id and user.person_id != row.person_id:
        raise PermissionMissing(
            "Only who asked, or the person it is about, withdraws a request. Refuse it instead."
        )
    if row.state != Correction.State.REQUESTED:
        raise decided_already(row)
    row.state, row.decided_at = Correction.State.WITHDRAWN, timezone.now()
    row.save(update_fields=["state", "decided_at"])
    record(
        "attendance.correction.withdrawn",
        target=row,
        before={"state": Correction.State.REQUESTED.value},
        after=_shown(row),
    )
    announce()
    return row


def decided_already(row: Correction) -> DomainError:
    return _refused(
        "correction.decided",
        f"Somebody was faster: this is {row.get_state_display().lower()} already.",
        409,
    )


def announce() -> None:
    publish_on_commit("attendance", {"type": "attendance.changed"})


def _file(row: Correction, evidence: Evidence | None = None) -> Correction:
    row.requested_by = user_of(current_actor())
    if evidence is not None:
        row.evidence_key = keep_evidence(row.person, evidence)
        row.evidence_name = evidence.name
    row.save(force_insert=True)
    record("attendance.correction.requested", target=row, after=_shown(row))
    announce()
    return row


def _check_date(actor: Actor, person: Person, work_date: date) -> None:
    if person.status not in Person.LIVING:
        raise _refused(
            "correction.person", "The days of somebody who was removed stay as they are."
        )
    today = timezone.now().astimezone(ZoneInfo(person.site.time_zone)).date()
    if work_date > today:
        raise _refused("correction.future", "This day has not come yet.")
    if actor.may("attendance.manage"):
        return
    days = deadline_days()
    if work_date < today - timedelta(days=days):
        raise _refused(
            "correction.too_late",
            f"This day is more than {days} days ago. After that only Human resources asks for "
            "corrections: tell them what was wrong.",
            409,
        )


def _check_instant(person: Person, wish: Wish, at: datetime) -> None:
    if at > timezone.now():
        raise _refused("correction.future", "This time has not come yet.")
    local = at.astimezone(ZoneInfo(person.site.time_zone)).date()
    if not wish.work_date - timedelta(days=1) <= local <= wish.work_date + MARGIN:
        raise _refused(
            "correction.far", "This time lies too far from the day. Choose the day it belongs to."
        )
    if (
        wish.punch is not None
        and at == wish.punch.at
        and wish.direction in {Punch.Direction.UNKNOWN, wish.punch.direction}
    ):
        raise _refused("correction.same", "This is the time that it has already.")


def _check_punch(person: Person, wish: Wish, punch: Punch) -> None:
    if punch.person_id != person.pk:
        raise NotFound("There is no such time.")
    if punch.voided_at is not None or punch.state != Punch.State.COUNTED:
        raise _refused("correction.punch", "This time does not count anyway.", 409)
    local = punch.at.astimezone(ZoneInfo(person.site.time_zone)).date()
    if not wish.work_date - timedelta(days=1) <= local <= wish.work_date + MARGIN:
        raise _refused("correction.far", "This time belongs to another day.")
    for other in standing_corrections(person.pk, wish.work_date):
        if other.punch_id == punch.pk:
            raise _refused(
                "correction.struck",
                "An approved correction has struck or changed this time. Take that back first.",
                409,
            )


def _check_new(person: Person, wish: Wish) -> None:
    """Nothing that is the same waits, or counts already."""
    same = Q(person=person, work_date=wish.work_date, kind=wish.kind, at=wish.at, punch=wish.punch)
    if Correction.objects.filter(same, state=Correction.State.REQUESTED).exists():
        raise _twice()
    for other in standing_corrections(person.pk, wish.work_date):
        if (other.kind, other.at, other.punch_id) == (
            wish.kind,
            wish.at,
            wish.punch.pk if wish.punch else None,
        ):
            raise _refused("correction.known", "This is approved already.", 409)


def _checked_reason(reason: str) -> str:
    reason = " ".join(reason.split())
    if len(reason) < _SHORTEST_REASON:
        raise _refused("correction.reason", "Say in a few words why, for whoever decides.")
    if len(reason) > REASON_LENGTH:
        raise _refused(
            "correction.reason",
            f"The reason has {len(reason)} characters; at most {REASON_LENGTH} are kept.",
        )
    return reason


def _refused(code: str, message: str, status: int = 422) -> DomainError:
    return DomainError(message, code=code, http_status=status)


def _twice() -> DomainError:
    return _refused("correction.waits", "The same was asked for already and waits.", 409)


def _shown(row: Correction) -> dict[str, str | bool | None]:
    """For the audit log: what, for which day, and no words of anybody's."""
    return {
        "person": str(row.person_id),
        "work_date": row.work_date.isoformat(),
        "kind": row.kind,
        "state": row.state,
        "at": row.at.isoformat() if row.at else None,
        "punch": str(row.punch_id) if row.punch_id else None,
        "undoes": str(row.undoes_id) if row.undoes_id else None,
        "evidence": bool(row.evidence_key),
    }
