"""Punches, the days that they make, what is odd about them, and what people corrected."""

from portal.attendance.models.correction import Correction
from portal.attendance.models.day import AttendanceDay, DayException, DayRevision
from portal.attendance.models.period import Adjustment, Period
from portal.attendance.models.punch import Punch, PunchImport, PunchImportPart, PunchImportRow
from portal.attendance.models.work import CollectMark, StaleDays

__all__ = [
    "Adjustment",
    "AttendanceDay",
    "CollectMark",
    "Correction",
    "DayException",
    "DayRevision",
    "Period",
    "Punch",
    "PunchImport",
    "PunchImportPart",
    "PunchImportRow",
    "StaleDays",
]
