"""The closed vocabularies of attendance, each word with what it means to an administrator.

Public surface: ``Direction``, ``Source``, ``Pairing``, ``RoundMode``, ``LeavePart``, ``Level``,
``CorrectionKind``, ``Status``, ``Flag``.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "CorrectionKind",
    "Direction",
    "Flag",
    "LeavePart",
    "Level",
    "Pairing",
    "RoundMode",
    "Source",
    "Status",
]


class Direction(StrEnum):
    """Where somebody went who was seen."""

    IN = "in"
    UNKNOWN = "unknown"
    OUT = "out"


class Source(StrEnum):
    """How a punch came about."""

    CAMERA = "camera"
    MANUAL = "manual"
    IMPORT = "import"


class Pairing(StrEnum):
    """How punches become sessions."""

    FIRST_LAST = "first_last"
    PAIRS = "pairs"


class RoundMode(StrEnum):
    NEAREST = "nearest"
    UP = "up"
    DOWN = "down"


class LeavePart(StrEnum):
    FULL = "full"
    AM = "am"
    PM = "pm"


class Level(StrEnum):
    """Who an assignment is made for; the most particular one decides."""

    PERSON = "person"
    DEPARTMENT = "department"
    DEFAULT = "default"


class CorrectionKind(StrEnum):
    ADD = "add"
    VOID = "void"
    MOVE = "move"
    EXCUSE = "excuse"


class Status(StrEnum):
    """What a day is; exactly one applies."""

    ON_LEAVE = "on_leave"
    HOLIDAY = "holiday"
    DAY_OFF = "day_off"
    EXPECTED = "expected"
    NOT_ARRIVED = "not_arrived"
    PENDING = "pending"
    HALF_LEAVE_ABSENT = "half_leave_absent"
    ABSENT = "absent"
    IN_PROGRESS = "in_progress"
    INCOMPLETE = "incomplete"
    PROVISIONAL = "provisional"
    HALF_DAY = "half_day"
    HALF_LEAVE_PRESENT = "half_leave_present"
    PRESENT = "present"

    @property
    def meaning(self) -> str:
        return _STATUSES[self]


class Flag(StrEnum):
    """What is remarkable about a day; any number apply, none replaces the work that was done."""

    AUTO_CLOSED = "auto_closed"
    BELOW_MINIMUM = "below_minimum"
    CORRECTED = "corrected"
    IN_WHILE_IN = "in_while_in"
    MISSING_IN = "missing_in"
    MISSING_OUT = "missing_out"
    OUT_BEFORE_IN = "out_before_in"
    OUT_WITHOUT_IN = "out_without_in"
    OUTSIDE_WINDOW = "outside_window"
    UNSCHEDULED = "unscheduled"
    WORKED_ON_HOLIDAY = "worked_on_holiday"
    WORKED_ON_LEAVE = "worked_on_leave"

    @property
    def meaning(self) -> str:
        return _FLAGS[self]


_STATUSES = {
    Status.ON_LEAVE: "On leave for the whole day, and did not come.",
    Status.HOLIDAY: "A public holiday, and did not come.",
    Status.DAY_OFF: "Not a working day of this person.",
    Status.EXPECTED: "The shift has not begun yet.",
    Status.NOT_ARRIVED: "The shift is running and the person has not been seen.",
    Status.PENDING: "Nobody was seen, but not every camera has reported yet: nothing is said.",
    Status.HALF_LEAVE_ABSENT: "On leave for half the day, and absent from the other half.",
    Status.ABSENT: "Did not come, and every camera has reported; or worked less than the minimum.",
    Status.IN_PROGRESS: "Is here: came, and has not left yet.",
    Status.INCOMPLETE: "One end is missing: came and was not seen leaving, or the reverse.",
    Status.PROVISIONAL: "Came and left, but not every camera has reported yet.",
    Status.HALF_DAY: "Worked less than a full day counts.",
    Status.HALF_LEAVE_PRESENT: "On leave for half the day, and present in the other half.",
    Status.PRESENT: "Came and left.",
}

_FLAGS = {
    Flag.AUTO_CLOSED: "No leaving was seen; the policy closed the day at the end of the shift.",
    Flag.BELOW_MINIMUM: "Worked less than the policy's minimum, which counts as absent.",
    Flag.CORRECTED: "A time was entered by hand, or lateness was excused.",
    Flag.IN_WHILE_IN: "Seen coming in while already in; the second time was ignored.",
    Flag.MISSING_IN: "Seen leaving, never coming.",
    Flag.MISSING_OUT: "Seen coming, never leaving.",
    Flag.OUT_BEFORE_IN: "Seen leaving before the first coming; ignored.",
    Flag.OUT_WITHOUT_IN: "Seen leaving while already out; ignored.",
    Flag.OUTSIDE_WINDOW: "Seen once at a time that belongs to no shift.",
    Flag.UNSCHEDULED: "Worked without a shift.",
    Flag.WORKED_ON_HOLIDAY: "Worked on a public holiday.",
    Flag.WORKED_ON_LEAVE: "Worked on a day of leave.",
}
