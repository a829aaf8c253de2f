"""What is odd about a day, opened and closed by what the day says.

Public surface: ``follow_exceptions``. What a person waived, or settled by hand, stays as they left
it for as long as the day says the same. Part of the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from portal.attendance.engine import Day, Flag, Status
from portal.attendance.models import DayException
from portal.attendance.selectors.oddities import Oddities, oddities_of
from portal.attendance.selectors.watermarks import silent_devices
from portal.attendance.services.recompute.rows import GAP, DayRow
from portal.attendance.services.recompute.store import Stored
from portal.attendance.services.recompute.work import Computed, Key, Result
from portal.attendance.words import minutes_in_words, wall_time

__all__ = ["follow_exceptions"]

Kind = DayException.Kind
State = DayException.State

_DETAIL: Final = 200
_AT_ONCE: Final = 400
_ALL: Final = frozenset(Kind)
# These hang on the clock and on punches that do not count, so that a day may say them anew though
# nothing that it is made of has changed.
_PASSING: Final = frozenset({Kind.CAMERA_GAP, Kind.PENDING_NAME})
_NOTED: Final = _PASSING | {Kind.LOW_MARGIN}


def follow_exceptions(computed: Computed, done: Stored) -> int:
    """Open, close and re-word; returns how many changed."""
    stored = _stored(computed, done)
    noted = {key for key, rows in stored.items() if Kind.LOW_MARGIN in rows}
    odd = {result.row.person_id for result in done.changed}
    if noted:
        odd |= {result.row.person_id for result in done.same if result.key in noted}
    looks = _Looks(computed, odd)
    fresh: list[DayException] = []
    changed: list[DayException] = []
    for results, watched in ((done.changed, _ALL), (done.same, _PASSING)):
        for result in results:
            kinds = looks.all_of(result) if watched is _ALL else looks.passing_of(result)
            rows = stored.get(result.key, {}) if stored else {}
            if not kinds and not rows:
                continue
            asked = watched
            if watched is _PASSING and Kind.LOW_MARGIN in rows:
                # That somebody has said since whose name is right changes no punch either.
                asked, kinds = _NOTED, kinds | looks.odd_of(result)
            for kind in asked:
                row, detail = rows.get(kind), kinds.get(kind)
                if row is not None:
                    if _follow(row, detail, result.row.id, computed.now):
                        changed.append(row)
                elif detail is not None:
                    fresh.append(_new(result, kind, detail))
    changed += [
        row
        for key in done.removed
        for row in stored.get(key, {}).values()
        if _follow(row, None, None, computed.now)
    ]
    DayException.objects.bulk_create(fresh, batch_size=_AT_ONCE)
    DayException.objects.bulk_create(
        changed,
        batch_size=_AT_ONCE,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["state", "detail", "day", "closed_at", "closed_by"],
    )
    return len(fresh) + len(changed)


def _new(result: Result, kind: str, detail: str) -> DayException:
    row = result.row
    return DayException(
        person_id=row.person_id,
        day_id=row.id,
        work_date=row.work_date,
        occurrence_no=row.occurrence_no,
        kind=kind,
        detail=detail[:_DETAIL],
    )


def _follow(row: DayException, detail: str | None, day_id: UUID | None, now: datetime) -> bool:
    """Put ``row`` as the day has it (without saving); False where it is so already."""
    if detail is None:
        if row.state == State.RESOLVED:
            return False
        row.state, row.closed_at, row.closed_by = State.RESOLVED, now, ""
        return True
    detail = detail[:_DETAIL]
    is_same = row.detail == detail
    by_hand = row.state == State.WAIVED or (row.state == State.RESOLVED and bool(row.closed_by))
    if (row.state == State.OPEN or by_hand) and is_same:
        return False
    if row.state != State.OPEN:
        row.state, row.closed_at, row.closed_by = State.OPEN, None, ""
    row.detail = detail
    row.day_id = day_id or row.day_id
    return True


def _stored(computed: Computed, done: Stored) -> dict[Key, dict[str, DayException]]:
    """Of all days that were computed or went. Of those of settled periods nothing is asked."""
    people = {*computed.results, *(person_id for person_id, _, _ in done.removed)}
    if not people:
        return {}
    rows = DayException.objects.filter(
        person__in=people,
        work_date__gte=min(span.first for span in computed.spans.values()),
        work_date__lte=max(span.last for span in computed.spans.values()),
    ).order_by()
    found: dict[Key, dict[str, DayException]] = {}
    for row in rows:
        key = (row.person_id, row.work_date, row.occurrence_no)
        found.setdefault(key, {})[row.kind] = row
    return found


class _Looks:
    """What days say, in words with the figures."""

    def __init__(self, computed: Computed, changed: set[UUID]) -> None:
        self._now = computed.now
        self._inputs = computed.inputs
        self._unsure = any(each.unsure for each in computed.inputs.values())
        self._places = computed.places
        self._odd: Mapping[UUID, Oddities] = {}
        if changed:
            spans = [computed.spans[pk] for pk in changed]
            first, last = min(s.first for s in spans), max(s.last for s in spans)
            self._odd = oddities_of(changed, first=first, last=last, late=computed.late)
        self._silent: dict[UUID, list[tuple[str, datetime | None]]] | None = None

    def all_of(self, result: Result) -> dict[str, str]:
        day = result.day
        said = self.passing_of(result) | self.odd_of(result)
        if day.flags or day.late_min or day.early_min or day.status is Status.ABSENT:
            self._say(said, result)
        return said

    def odd_of(self, result: Result) -> dict[str, str]:
        row = result.row
        odd = self._odd.get(row.person_id) if self._odd else None
        if odd is None:
            return {}
        return odd.of(row.punch_keys, zone=row.zone, on=result.day.work_date)

    def _say(self, said: dict[str, str], result: Result) -> None:
        day, row = result.day, result.row
        is_over = day.window_end is None or self._now >= day.window_end
        for flag, kind in _FLAGS.items():
            if flag in day.flags:
                said[kind] = _of_flag(flag, day, row.zone)
        if day.late_min:
            said[Kind.LATE] = f"{minutes_in_words(day.late_min)} after the start"
        if day.early_min and is_over:
            said[Kind.EARLY] = (
                f"{minutes_in_words(day.early_min)} before the end"
                if row.last_out is not None and row.end is not None and row.last_out < row.end
                else f"{minutes_in_words(day.early_min)} short"
            )
        if day.status is Status.ABSENT:
            said[Kind.ABSENT] = (
                f"Worked {minutes_in_words(day.worked_min)}, less than the minimum"
                if Flag.BELOW_MINIMUM in day.flags
                else "Nobody was seen, and every camera has reported"
            )
        if Flag.UNSCHEDULED in day.flags and day.status is Status.IN_PROGRESS:
            del said[Kind.UNSCHEDULED]

    def passing_of(self, result: Result) -> dict[str, str]:
        day, row = result.day, result.row
        said: dict[str, str] = {}
        is_waiting = day.status is Status.PENDING or day.status is Status.PROVISIONAL
        start, end = day.window_start, day.window_end
        if start is None or end is None or not (is_waiting or self._unsure):
            return said
        inputs = self._inputs[row.person_id]
        unsure = [at for at in inputs.unsure if start <= at <= end]
        if unsure:
            said[Kind.PENDING_NAME] = (
                f"Perhaps seen at {wall_time(min(unsure), row.zone, on=day.work_date)}"
            )
        is_known = inputs.watermark is not None and inputs.watermark >= end
        if is_waiting and not is_known and self._now >= end + GAP:
            said[Kind.CAMERA_GAP] = self._gap(self._places[row.person_id].site_id, row, end)
        return said

    def _gap(self, site_id: UUID, row: DayRow, end: datetime) -> str:
        if self._silent is None:
            sites = {place.site_id for place in self._places.values()}
            self._silent = silent_devices(sites, now=self._now)
        behind = [
            (name, mark)
            for name, mark in self._silent.get(site_id, [])
            if mark is None or mark < end
        ]
        if not behind:
            return "A camera has not reported yet"
        name, mark = behind[0]
        more = f", and {len(behind) - 1} more" if len(behind) > 1 else ""
        if mark is None:
            return f"{name} has never reported{more}"
        since = wall_time(mark, row.zone, on=row.work_date)
        return f"{name} has reported up to {since}{more}"


_FLAGS: Final = {
    Flag.MISSING_OUT: Kind.MISSING_OUT,
    Flag.MISSING_IN: Kind.MISSING_IN,
    Flag.UNSCHEDULED: Kind.UNSCHEDULED,
    Flag.WORKED_ON_LEAVE: Kind.WORKED_ON_LEAVE,
    Flag.WORKED_ON_HOLIDAY: Kind.WORKED_ON_HOLIDAY,
    Flag.OUTSIDE_WINDOW: Kind.OUTSIDE_WINDOW,
}


def _of_flag(flag: Flag, day: Day, zone: str) -> str:
    on = day.work_date
    if flag is Flag.MISSING_OUT:
        return f"Came at {wall_time(day.first_in, zone, on=on)}, and was not seen leaving"
    if flag is Flag.MISSING_IN:
        return f"Left at {wall_time(day.last_out, zone, on=on)}, and was not seen coming"
    if flag is Flag.OUTSIDE_WINDOW:
        return f"Seen at {', '.join(wall_time(each.first, zone, on=on) for each in day.strays)}"
    if flag is Flag.UNSCHEDULED:
        return f"Worked {minutes_in_words(day.worked_min)} without a shift"
    return f"Worked {minutes_in_words(day.worked_min)}"
