"""The exceptions inbox: what is open, how much of which kind, and what would put it right.

Public surface: ``EXCUSABLE``, ``Fix``, ``InboxRow``, ``assignable_users``, ``fixes_of``,
``forget_open_count``, ``inbox``, ``inbox_rows``, ``kind_counts``, ``open_exception_count``,
``visible_exception``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils import timezone

from portal.accounts.models import Role, User
from portal.attendance.models import AttendanceDay, Correction, DayException, Punch
from portal.attendance.selectors.time_card import sessions_of
from portal.attendance.selectors.visible import visible_exceptions
from portal.attendance.timeline import Timeline, timeline
from portal.attendance.words import wall_time
from portal.core.context import Actor, require
from portal.core.errors import NotFound
from portal.core.kept_count import KeptCount
from portal.core.policies import permissions_of
from portal.sightings.models import Visit

__all__ = [
    "EXCUSABLE",
    "Fix",
    "InboxRow",
    "assignable_users",
    "fixes_of",
    "forget_open_count",
    "inbox",
    "inbox_rows",
    "kind_counts",
    "open_exception_count",
    "visible_exception",
]

Kind = DayException.Kind
EXCUSABLE: Final = frozenset({Kind.LATE, Kind.EARLY})
_SHOWN: Final = ("person__site", "person__department", "day", "assignee")
_ROLES: Final = [r for r in Role.values if "attendance.request" in permissions_of(r)]


@dataclass(frozen=True, slots=True)
class Fix:
    """One proposal: ``key`` names it, ``at`` is worked out from what is stored."""

    key: str
    label: str
    kind: Correction.Kind
    at: datetime | None = None
    direction: Punch.Direction = Punch.Direction.UNKNOWN


@dataclass(frozen=True, slots=True)
class InboxRow:
    """``waits``: a request for a correction of this day waits for a decision."""

    exception: DayException
    drawing: Timeline | None
    finding: str
    waits: bool


def inbox() -> QuerySet[DayException]:
    """All that the actor may see, whatever its state, with what a row shows of it."""
    require("attendance.view")
    return visible_exceptions().select_related(*_SHOWN)


def visible_exception(exception_id: UUID) -> DayException:
    row = inbox().filter(pk=exception_id).first()
    if row is None:
        raise NotFound("There is no such exception, or the person is not one of yours.")
    return row


def kind_counts(rows: QuerySet[DayException]) -> dict[str, int]:
    """How many of each kind, in one query."""
    found = rows.order_by().values_list("kind").annotate(number=Count("id"))
    return dict(found)


def inbox_rows(rows: Sequence[DayException]) -> list[InboxRow]:
    """With each day at a glance: two queries, however many rows."""
    keys = {key for row in rows if row.day is not None for key in row.day.punch_keys}
    ids = {key for key in map(_id, keys) if key is not None}
    times: dict[str, datetime] = {
        str(pk): at for pk, at in Punch.objects.filter(pk__in=ids).values_list("pk", "at")
    }
    waiting: set[tuple[UUID, object]] = set()
    # The corrections of these people: added times are drawn, and requests are told of.
    corrections = Correction.objects.filter(
        person__in={row.person_id for row in rows}, work_date__in={row.work_date for row in rows}
    ).exclude(state__in=(Correction.State.REFUSED, Correction.State.WITHDRAWN))
    for each in corrections:
        if each.state == Correction.State.REQUESTED:
            waiting.add((each.person_id, each.work_date))
        elif each.at is not None:
            times[str(each.pk)] = each.at
    return [
        InboxRow(
            row,
            _drawing(row.day, times) if row.day is not None else None,
            row.detail or row.get_kind_display(),
            (row.person_id, row.work_date) in waiting,
        )
        for row in rows
    ]


def fixes_of(exception: DayException) -> tuple[Fix, ...]:
    """What would put it right, each to be asked for as a correction: the shift's end, or when they
    were seen last. A time to be typed is always possible beside these."""
    day = exception.day
    if day is None or exception.state != DayException.State.OPEN:
        return ()
    if exception.kind in EXCUSABLE:
        return (Fix("excuse", "Excuse the lateness of this day", Correction.Kind.EXCUSE),)
    is_out = exception.kind == Kind.MISSING_OUT
    if not is_out and exception.kind != Kind.MISSING_IN:
        return ()
    planned = day.end if is_out else day.start
    seen = _seen(day, last=is_out)
    word = "leaving" if is_out else "coming"
    direction = Punch.Direction.OUT if is_out else Punch.Direction.IN
    found: list[Fix] = []
    for key, label, at in (
        ("shift", f"The shift's {'end' if is_out else 'start'}", planned),
        ("seen", f"When seen {'last' if is_out else 'first'}", seen),
    ):
        if at is None or at > timezone.now() or not _fits(day, at, is_out=is_out):
            continue
        shown = wall_time(at, day.zone, on=day.work_date)
        found.append(
            Fix(key, f"{label}, {shown}, as the {word}", Correction.Kind.ADD, at, direction)
        )
    return tuple(found)


def assignable_users() -> QuerySet[User]:
    """Who may see to exceptions, of the sites that the actor's rights reach."""
    sites = require("attendance.manage").scope.site_ids
    users = User.objects.filter(is_active=True, role__in=_ROLES).order_by("name", "email")
    if sites is None:
        return users
    here = Q(sites=None) | Q(sites__in=sites)
    own = Q(departments=None) | Q(departments__site__in=sites)
    return users.filter(pk__in=User.objects.filter(here & own).values("pk"))


def open_exception_count() -> int:
    """How many are open; asked with every page."""
    return _open.of(require("attendance.view"))


def forget_open_count() -> None:
    _open.forget()


def _count_open(_actor: Actor) -> int:
    return visible_exceptions().filter(state=DayException.State.OPEN).count()


_open = KeptCount("attendance.exceptions", _count_open)


def _fits(day: AttendanceDay, at: datetime, *, is_out: bool) -> bool:
    """Leaving is after coming."""
    if is_out:
        return day.first_in is None or at > day.first_in
    return day.last_out is None or at < day.last_out


def _seen(day: AttendanceDay, *, last: bool) -> datetime | None:
    """When they were seen last, or first, within the day's window: by any camera, whether it feeds
    attendance or not."""
    if day.window_start is None or day.window_end is None:
        return None
    within = {"last_at__gte": day.window_start, "first_at__lte": day.window_end}
    visits = Visit.objects.filter(person=day.person_id, is_confirmed=True, **within)
    ids = [key for key in map(_id, day.punch_keys) if key is not None]
    punches = Punch.objects.filter(pk__in=ids, voided_at=None)
    if last:
        times = (
            visits.aggregate(at=Max("last_at"))["at"],
            punches.aggregate(at=Max("last_at"))["at"],
        )
        return max((at for at in times if at is not None), default=None)
    times = (visits.aggregate(at=Min("first_at"))["at"], punches.aggregate(at=Min("at"))["at"])
    return min((at for at in times if at is not None), default=None)


def _drawing(day: AttendanceDay, times: dict[str, datetime]) -> Timeline | None:
    spans: list[tuple[str, datetime, datetime, str]] = []
    if day.start is not None and day.end is not None:
        spans.append(("shift", day.start, day.end, _words("Shift", day, day.start, day.end)))
    spans += [
        ("session", each.start, each.end, _words("Worked", day, each.start, each.end))
        for each in sessions_of(day)
    ]
    marks = [
        ("counted", times[key], wall_time(times[key], day.zone, on=day.work_date))
        for key in day.punch_keys
        if key in times
    ]
    return timeline(spans, marks, zone=day.zone)


def _words(label: str, day: AttendanceDay, begins: datetime, ends: datetime) -> str:
    start, end = (wall_time(at, day.zone, on=day.work_date) for at in (begins, ends))
    return f"{label}: {start} to {end}"


def _id(key: str) -> UUID | None:
    try:
        return UUID(key)
    except ValueError:
        return None
