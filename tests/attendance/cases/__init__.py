"""The cases of attendance, numbered as in the specification, each with its expectation."""

from __future__ import annotations

from tests.attendance.cases.calendar import CALENDAR
from tests.attendance.cases.minutes import MINUTES
from tests.attendance.cases.nights import NIGHTS
from tests.attendance.cases.one_day import ONE_DAY
from tests.attendance.cases.ours import OURS
from tests.attendance.notation import Case

__all__ = ["CASES", "OURS", "SPECIFIED"]

SPECIFIED: tuple[Case, ...] = (*ONE_DAY, *MINUTES, *NIGHTS, *CALENDAR)
CASES: tuple[Case, ...] = (*SPECIFIED, *OURS)
