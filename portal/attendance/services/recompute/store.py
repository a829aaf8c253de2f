"""What was computed into the database: rows made, changed and taken away, each with its revision.

Public surface: ``store``, ``Stored``, ``RUNNING``. Part of the caller's transaction, which holds the people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from portal.attendance.engine import Status
from portal.attendance.models import AttendanceDay, DayRevision
from portal.attendance.selectors.periods import LockedDays, locked_periods_of, settled_periods
from portal.attendance.services.recompute.rows import DayRow, facts, seen
from portal.attendance.services.recompute.upsert import save_days
from portal.attendance.services.recompute.work import Computed, Key, Result
from portal.core.context import current_actor

__all__ = ["RUNNING", "Stored", "store"]

# What a day may still become another of by itself: that it did is no change to be explained.
RUNNING: Final = frozenset(
    {
        Status.EXPECTED, Status.NOT_ARRIVED, Status.PENDING, Status.IN_PROGRESS,
        Status.PROVISIONAL,
    }
)  # fmt: skip
_AT_ONCE: Final = 400


@dataclass(slots=True)
class Stored:
    """``changed`` are rows that look otherwise than before, new ones too; ``locked`` those that
    would have, had their period not been settled, by their period; ``same`` the rest. The id of a
    row that was there already is the one that it has there."""

    changed: list[Result] = field(default_factory=list)
    same: list[Result] = field(default_factory=list)
    locked: dict[Key, tuple[UUID, Result | None]] = field(default_factory=dict)
    removed: list[Key] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Known:
    """A stored row, as much as is needed to tell whether anything changed."""

    pk: UUID
    inputs_hash: str
    site_id: UUID
    department_id: UUID | None
    due_at: datetime | None


def store(computed: Computed, *, cause: str) -> Stored:
    """Write what differs. Days in a settled period stay as they are and are named in ``locked``."""
    done = Stored()
    known = _known(computed)
    settled = _settled(computed)
    moved: dict[tuple[UUID, UUID | None], list[UUID]] = {}
    due: dict[datetime | None, list[UUID]] = {}
    candidates: list[Result] = []
    for pk, results in computed.results.items():
        for result in results:
            row = result.row
            # Nothing is known the first time, and the first time there are the most.
            before = known.pop(result.key, None) if known else None
            period = settled.of(pk, row.work_date) if settled is not None else None
            if period is not None:
                done.locked[result.key] = (period.pk, result)
            elif before is None or before.inputs_hash != row.inputs_hash:
                candidates.append(result)
            else:
                row.id = before.pk
                done.same.append(result)
                if (before.site_id, before.department_id) != (row.site_id, row.department_id):
                    moved.setdefault((row.site_id, row.department_id), []).append(before.pk)
                if before.due_at != row.due_at:
                    due.setdefault(row.due_at, []).append(before.pk)
    _touch(moved, due, computed.now)
    gone = _gone(known, settled, done)
    revisions = _write(candidates, done, cause, computed.now)
    revisions += _remove(gone, done, cause, computed.now)
    DayRevision.objects.bulk_create(revisions, batch_size=_AT_ONCE)
    return done


def _known(computed: Computed) -> dict[Key, _Known]:
    """The stored rows of these people on the dates that were computed."""
    if not computed.spans:
        return {}
    rows = AttendanceDay.objects.filter(
        person__in=computed.spans.keys(),
        work_date__gte=min(span.first for span in computed.spans.values()),
        work_date__lte=max(span.last for span in computed.spans.values()),
    ).order_by()
    fields = (
        "pk", "person_id", "work_date", "occurrence_no", "inputs_hash", "site_id",
        "department_id", "due_at",
    )  # fmt: skip
    return {
        (person_id, day, number): _Known(pk, inputs_hash, site_id, department_id, due_at)
        for pk, person_id, day, number, inputs_hash, site_id, department_id, due_at in (
            rows.values_list(*fields)
        )
        if computed.spans[person_id].covers(day)
    }


def _settled(computed: Computed) -> LockedDays | None:
    """None where no period of these dates is settled."""
    if not computed.spans:
        return None
    first = min(span.first for span in computed.spans.values())
    last = max(span.last for span in computed.spans.values())
    if not settled_periods(first=first, last=last).exists():
        return None
    return locked_periods_of(computed.spans.keys(), first=first, last=last)


def _gone(known: Mapping[Key, _Known], settled: LockedDays | None, done: Stored) -> list[Key]:
    """Stored rows that are no longer: nobody is expected and nobody was seen, or not twice."""
    gone = []
    for key in known:
        period = settled.of(key[0], key[1]) if settled is not None else None
        if period is None:
            gone.append(key)
        else:
            done.locked[key] = (period.pk, None)
    return gone


def _touch(
    moved: Mapping[tuple[UUID, UUID | None], list[UUID]],
    due: Mapping[datetime | None, list[UUID]],
    now: datetime,
) -> None:
    for (site_id, department_id), ids in moved.items():
        for some in _portions(ids):
            AttendanceDay.objects.filter(pk__in=some).update(
                site_id=site_id, department_id=department_id
            )
    for due_at, ids in due.items():
        for some in _portions(ids):
            AttendanceDay.objects.filter(pk__in=some).update(due_at=due_at, computed_at=now)


def _write(
    candidates: Sequence[Result], done: Stored, cause: str, now: datetime
) -> list[DayRevision]:
    before = _rows(result.key for result in candidates)
    revisions = []
    for result in candidates:
        row, old = result.row, before.get(result.key) if before else None
        if old is None:
            done.changed.append(result)
            continue
        row.id, row.created_at, row.revision = old.pk, old.created_at, old.revision
        if seen(old) == seen(row):
            # The clock has passed something that cannot be seen.
            done.same.append(result)
            continue
        row.revision += 1
        done.changed.append(result)
        if old.status not in RUNNING:
            revisions.append(
                _revision(result.key, row.revision, before=old, after=row, cause=cause, now=now)
            )
    save_days([result.row for result in candidates])
    return revisions


def _remove(gone: list[Key], done: Stored, cause: str, now: datetime) -> list[DayRevision]:
    before = _rows(gone)
    for some in _portions([row.pk for row in before.values()]):
        AttendanceDay.objects.filter(pk__in=some).delete()
    done.removed += list(before)
    return [
        _revision(key, old.revision + 1, before=old, after=None, cause=cause, now=now)
        for key, old in before.items()
    ]


def _rows(keys: Iterable[Key]) -> dict[Key, AttendanceDay]:
    """The stored rows of these keys, whole."""
    wanted = set(keys)
    if not wanted:
        return {}
    dates = [day for _, day, _ in wanted]
    rows = AttendanceDay.objects.filter(
        person__in={person_id for person_id, _, _ in wanted},
        work_date__range=(min(dates), max(dates)),
    ).order_by()
    found = {(row.person_id, row.work_date, row.occurrence_no): row for row in rows}
    return {key: row for key, row in found.items() if key in wanted}


def _revision(
    key: Key,
    number: int,
    *,
    before: AttendanceDay,
    after: DayRow | None,
    cause: str,
    now: datetime,
) -> DayRevision:
    person_id, work_date, occurrence_no = key
    return DayRevision(
        person_id=person_id,
        work_date=work_date,
        occurrence_no=occurrence_no,
        revision=number,
        before=facts(before),
        after=None if after is None else facts(after),
        cause=cause,
        actor_label=current_actor().label[:254],
        at=now,
    )


def _portions(ids: list[Any]) -> Iterable[list[Any]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
