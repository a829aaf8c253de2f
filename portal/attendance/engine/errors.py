"""What can be wrong with the rules that are given to the engine.

Every error names the field, what stood there and what was expected. Public surface: see
``__all__``.
"""

from __future__ import annotations

from datetime import date

__all__ = ["AttendanceError", "InvalidRule", "OverlappingShifts"]


class AttendanceError(ValueError):
    """Something given to the engine cannot be computed with."""


class InvalidRule(AttendanceError):
    """A field of a policy, shift, assignment or sighting is not what it must be."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(f"{field} is {value!r}; expected {expected}.")
        self.field = field
        self.value = value
        self.expected = expected


class OverlappingShifts(AttendanceError):
    """One person would have to work two shifts at the same time."""

    def __init__(self, first: str, second: str, on: date) -> None:
        super().__init__(
            f"The shifts “{first}” and “{second}” overlap on {on.isoformat()}: one person cannot "
            "work both. Change the times of one of them, its days or the dates of its assignment."
        )
        self.first = first
        self.second = second
        self.on = on
