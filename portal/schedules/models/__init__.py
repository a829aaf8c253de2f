"""Rules of working time in immutable versions, for whom they hold, and free days."""

from portal.schedules.models.free import Holiday, HolidayCalendar, Leave, LeaveType, SiteCalendar
from portal.schedules.models.plan import Assignment, AssignmentTurn, RosterOverride
from portal.schedules.models.policy import PolicyVersion, WorkPolicy
from portal.schedules.models.shift import Shift, ShiftVersion

__all__ = [
    "Assignment",
    "AssignmentTurn",
    "Holiday",
    "HolidayCalendar",
    "Leave",
    "LeaveType",
    "PolicyVersion",
    "RosterOverride",
    "Shift",
    "ShiftVersion",
    "SiteCalendar",
    "WorkPolicy",
]
