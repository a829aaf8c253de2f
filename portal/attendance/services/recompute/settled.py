"""What days of a settled period would have become: adjustments, which are only ever added.

Public surface: ``adjust``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from portal.attendance.models import Adjustment, AttendanceDay
from portal.attendance.services.recompute.rows import DayRow
from portal.attendance.services.recompute.store import Stored
from portal.attendance.services.recompute.work import Key

__all__ = ["adjust"]


@dataclass(slots=True)
class _Standing:
    """A day as it was settled, with all that was added since."""

    worked: int = 0
    payable: int = 0
    overtime: int = 0
    status: str = ""
    inputs_hash: str = ""


def adjust(done: Stored, *, cause: str) -> int:
    """One row for each settled day that comes out otherwise than it stands; returns how many."""
    if not done.locked:
        return 0
    standing = _standing(done.locked)
    rows = []
    for key, (period_id, result) in done.locked.items():
        was = standing.get(key, _Standing())
        row = None if result is None else result.row
        now = _Standing() if row is None else _as_standing(row)
        if now.inputs_hash and now.inputs_hash == was.inputs_hash:
            continue
        deltas = (
            now.worked - was.worked,
            now.payable - was.payable,
            now.overtime - was.overtime,
        )
        if not any(deltas) and now.status == was.status:
            continue
        person_id, work_date, occurrence_no = key
        rows.append(
            Adjustment(
                period_id=period_id,
                person_id=person_id,
                work_date=work_date,
                occurrence_no=occurrence_no,
                worked_delta_min=deltas[0],
                payable_delta_min=deltas[1],
                overtime_delta_min=deltas[2],
                status_before=was.status,
                status_after=now.status,
                inputs_hash=now.inputs_hash,
                cause=cause,
            )
        )
    Adjustment.objects.bulk_create(rows)
    return len(rows)


def _standing(locked: Mapping[Key, tuple[UUID, object]]) -> dict[Key, _Standing]:
    people = {person_id for person_id, _, _ in locked}
    dates = [day for _, day, _ in locked]
    between = (min(dates), max(dates))
    found: dict[Key, _Standing] = {}
    for row in AttendanceDay.objects.filter(person__in=people, work_date__range=between).order_by():
        found[row.person_id, row.work_date, row.occurrence_no] = _as_standing(row)
    for each in Adjustment.objects.filter(person__in=people, work_date__range=between).order_by(
        "id"
    ):
        key = (each.person_id, each.work_date, each.occurrence_no)
        was = found.setdefault(key, _Standing())
        was.worked += each.worked_delta_min
        was.payable += each.payable_delta_min
        was.overtime += each.overtime_delta_min
        was.status, was.inputs_hash = each.status_after, each.inputs_hash
    return found


def _as_standing(row: DayRow | AttendanceDay) -> _Standing:
    return _Standing(row.worked_min, row.payable_min, row.overtime_min, row.status, row.inputs_hash)
