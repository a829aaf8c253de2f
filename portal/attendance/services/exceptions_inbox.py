"""What people do with exceptions: give them to somebody, waive them, ask for lateness to be excused.

Public surface: ``Asked``, ``ask_excuses``, ``ask_fix``, ``assign_exceptions``,
``waive_exceptions``. None of them changes a day: that takes a correction that somebody approves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from portal.accounts.models import User
from portal.attendance.models import Correction, DayException
from portal.attendance.selectors.deciders import user_of
from portal.attendance.selectors.exceptions import (
    EXCUSABLE,
    Fix,
    assignable_users,
    fixes_of,
    forget_open_count,
)
from portal.attendance.selectors.visible import visible_exceptions
from portal.attendance.services.corrections import Wish, announce, ask_correction
from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError, NotFound
from portal.journal.models import Act
from portal.journal.registry import undoes
from portal.journal.services import note_act
from portal.people.entries import entries_of_account
from portal.people.selectors import is_within

__all__ = ["Asked", "ask_excuses", "ask_fix", "assign_exceptions", "waive_exceptions"]

MOST_AT_ONCE: Final = 500
MEMO_LENGTH: Final = 300
RIGHT: Final = "attendance.manage"
_SHORTEST_MEMO: Final = 3
_FIELDS: Final = ("state", "assignee_id", "closed_by", "memo")


@dataclass(frozen=True, slots=True)
class Asked:
    """How many requests were sent, and why others were not: each reason with how often."""

    sent: int
    refused: tuple[tuple[str, int], ...]


@transaction.atomic
def assign_exceptions(exception_ids: Sequence[UUID], user_id: int | None) -> Act:
    """Somebody sees to them; None: nobody in particular. Raises ``DomainError`` for an account that
    may not see one of them."""
    require(RIGHT)
    rows = _open(exception_ids)
    user = None
    if user_id is not None:
        user = assignable_users().filter(pk=user_id).first()
        if user is None:
            raise NotFound("There is no such account, or it may not see to exceptions.")
        scope = user.scope()
        beyond = sum(not is_within(scope, row.person) for row in rows)
        if beyond:
            raise DomainError(
                f"{user} does not answer for {beyond} of these {len(rows)}. Choose others, or "
                "somebody else.",
                code="exception.scope",
                http_status=409,
            )
    before = {str(row.pk): _snapshot(row) for row in rows}
    for row in rows:
        row.assignee = user
        row.save(update_fields=["assignee"])
        record(
            "attendance.exception.assigned",
            target=row,
            after={"assignee": user.pk if user else None},
        )
    return _noted("attendance.exceptions.assign", "Assigned", rows, before)


@transaction.atomic
def waive_exceptions(exception_ids: Sequence[UUID], *, memo: str) -> Act:
    """They are known and stay as they are; the days do too. Not one's own."""
    actor = require(RIGHT)
    memo = " ".join(memo.split())
    if not _SHORTEST_MEMO <= len(memo) <= MEMO_LENGTH:
        raise DomainError(
            f"Write in a few words why they are waived, in at most {MEMO_LENGTH} characters.",
            code="exception.memo",
            http_status=422,
        )
    rows = _open(exception_ids)
    user = user_of(actor)
    if user is not None and _concern(user, rows):
        raise DomainError(
            "One of these is about your own day: somebody else waives it.",
            code="exception.own",
            http_status=403,
        )
    before = {str(row.pk): _snapshot(row) for row in rows}
    now = timezone.now()
    for row in rows:
        row.state, row.memo = DayException.State.WAIVED, memo
        row.closed_at, row.closed_by = now, actor.label[:254]
        row.save(update_fields=["state", "memo", "closed_at", "closed_by"])
        record("attendance.exception.waived", target=row, after={"kind": row.kind})
    return _noted("attendance.exceptions.waive", "Waived", rows, before)


def _concern(user: User, rows: Iterable[DayException]) -> bool:
    own = entries_of_account(user).ids
    return any(row.person_id in own for row in rows)


def ask_excuses(exception_ids: Sequence[UUID], *, reason: str) -> Asked:
    """Ask for the lateness of these days to be excused: one request a day, each decided on by
    somebody else. Those that cannot be asked for are told of and hold up no other."""
    require("attendance.request")
    rows = _chosen(exception_ids).filter(state=DayException.State.OPEN)
    sent, refused, seen = 0, dict[str, int](), set[tuple[UUID, Any]]()
    for row in rows.select_related("person__site").order_by("work_date", "id"):
        key = (row.person_id, row.work_date)
        if key in seen:
            continue
        if row.kind not in EXCUSABLE:
            message = "This is no lateness, which alone can be excused."
            refused[message] = refused.get(message, 0) + 1
            continue
        seen.add(key)
        wish = Wish(work_date=row.work_date, kind=Correction.Kind.EXCUSE, reason=reason)
        try:
            ask_correction(row.person, wish)
        except DomainError as error:
            if error.code == "correction.reason":
                raise
            refused[error.message] = refused.get(error.message, 0) + 1
        else:
            sent += 1
    if not seen and not refused:
        raise _gone()
    return Asked(sent, tuple(refused.items()))


def ask_fix(exception: DayException, key: str, *, reason: str) -> Correction:
    """Ask for what one of the ``fixes_of`` proposes. The time is worked out anew here: what a page
    sends is only which of them is meant."""
    fix = next((each for each in fixes_of(exception) if each.key == key), None)
    if fix is None:
        raise DomainError(
            "This is not proposed any more. Look at the day again.",
            code="exception.fix",
            http_status=409,
        )
    return ask_correction(exception.person, _wish(exception, fix, reason))


def _wish(exception: DayException, fix: Fix, reason: str) -> Wish:
    return Wish(
        work_date=exception.work_date,
        kind=fix.kind,
        at=fix.at,
        direction=fix.direction,
        reason=reason,
    )


def _chosen(exception_ids: Sequence[UUID]) -> QuerySet[DayException]:
    if not exception_ids:
        raise DomainError("Tick at least one exception.", code="exception.none")
    if len(exception_ids) > MOST_AT_ONCE:
        raise DomainError(f"At most {MOST_AT_ONCE} at once.", code="exception.too_many")
    return visible_exceptions().filter(pk__in=exception_ids)


def _open(exception_ids: Sequence[UUID]) -> list[DayException]:
    rows = list(
        _chosen(exception_ids)
        .filter(state=DayException.State.OPEN)
        .select_related("person")
        .select_for_update(of=("self",))
        .order_by("id")
    )
    if not rows:
        raise _gone()
    return rows


def _gone() -> DomainError:
    return DomainError(
        "These are not open any more: the day says otherwise, or somebody was faster.",
        code="exception.closed",
        http_status=409,
    )


def _noted(kind: str, word: str, rows: list[DayException], before: dict[str, Any]) -> Act:
    title = f"{word} {'an exception' if len(rows) == 1 else f'{len(rows)} exceptions'}"
    data = {"before": before, "after": {str(row.pk): _snapshot(row) for row in rows}}
    act = note_act(kind, title, data=data, person_id=None)
    forget_open_count()
    announce()
    return act


def _snapshot(row: DayException) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in _FIELDS},
        "closed_at": row.closed_at.isoformat() if row.closed_at else None,
    }


@undoes(
    "attendance.exceptions.assign",
    label="Exceptions assigned",
    effect="Whoever saw to them before sees to them again.",
    permission=RIGHT,
)
@undoes(
    "attendance.exceptions.waive",
    label="Exceptions waived",
    effect="The exceptions are open again.",
    permission=RIGHT,
)
def _take_back(act: Act) -> None:
    """Those that changed since stay as they are; where all did, there is nothing to undo."""
    after = act.data["after"]
    rows = [
        row
        for row in visible_exceptions().filter(pk__in=after).select_for_update(of=("self",))
        if all(getattr(row, name) == after[str(row.pk)][name] for name in _FIELDS)
    ]
    if not rows:
        raise DomainError(
            "These were changed since, or are gone.", code="exception.changed", http_status=409
        )
    accounts = set(User.objects.values_list("pk", flat=True))
    for row in rows:
        was = act.data["before"][str(row.pk)]
        for name in _FIELDS:
            setattr(row, name, was[name])
        row.assignee_id = was["assignee_id"] if was["assignee_id"] in accounts else None
        row.closed_at = parse_datetime(was["closed_at"]) if was["closed_at"] else None
        row.save(update_fields=["state", "assignee", "closed_by", "memo", "closed_at"])
    forget_open_count()
    announce()
