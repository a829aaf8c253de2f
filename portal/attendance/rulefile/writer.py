"""Days as the JSON that is printed. Public surface: ``days_as_json``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal.attendance.engine import Day

__all__ = ["days_as_json"]


def days_as_json(days: Iterable[Day]) -> dict[str, Any]:
    return {"days": [_day(each) for each in days]}


def _day(day: Day) -> dict[str, Any]:
    return {
        "work_date": day.work_date.isoformat(),
        "shift": day.shift,
        "status": day.status.value,
        "first_in": _local(day.first_in, day.zone),
        "last_out": _local(day.last_out, day.zone),
        "worked_min": day.worked_min,
        "payable_min": day.payable_min,
        "late_min": day.late_min,
        "early_min": day.early_min,
        "overtime_min": day.overtime_min,
        "flags": [flag.value for flag in day.flags],
    }


def _local(at: datetime | None, zone: ZoneInfo) -> str | None:
    """With its offset, so that the hour that comes twice in autumn is told apart."""
    return None if at is None else at.astimezone(zone).isoformat()
