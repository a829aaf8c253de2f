"""The attendance engine: one person's days as a pure function of what is known about them.

``attendance_days(PersonInputs, first=, last=)`` answers one ``Day`` for each shift, day off and
stretch of work without a shift. No Django, no clock, no database: what it needs is given to it.
Everything is computed in UTC; only the name of a day is local. Public surface: see ``__all__``.
"""

from portal.attendance.engine.clock import earliest_mark
from portal.attendance.engine.conflicts import check_schedule
from portal.attendance.engine.days import MARGIN, attendance_days
from portal.attendance.engine.errors import AttendanceError, InvalidRule, OverlappingShifts
from portal.attendance.engine.inputs import Correction, Leave, PersonInputs, Sighting
from portal.attendance.engine.policy import BreakWindow, Policy
from portal.attendance.engine.results import Day, Punch, Session
from portal.attendance.engine.schedule import Assignment, Override, Schedule, Shift
from portal.attendance.engine.words import (
    CorrectionKind,
    Direction,
    Flag,
    LeavePart,
    Level,
    Pairing,
    RoundMode,
    Source,
    Status,
)

__all__ = [
    "MARGIN",
    "Assignment",
    "AttendanceError",
    "BreakWindow",
    "Correction",
    "CorrectionKind",
    "Day",
    "Direction",
    "Flag",
    "InvalidRule",
    "Leave",
    "LeavePart",
    "Level",
    "OverlappingShifts",
    "Override",
    "Pairing",
    "PersonInputs",
    "Policy",
    "Punch",
    "RoundMode",
    "Schedule",
    "Session",
    "Shift",
    "Sighting",
    "Source",
    "Status",
    "attendance_days",
    "check_schedule",
    "earliest_mark",
]
