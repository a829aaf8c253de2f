"""Who is to work when: shifts, their assignments, and the shift that counts on a date.

Public surface: ``Shift``, ``Assignment``, ``Override``, ``Schedule``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from zoneinfo import ZoneInfo

from portal.attendance.engine.errors import InvalidRule
from portal.attendance.engine.policy import Policy
from portal.attendance.engine.words import Level

__all__ = ["Assignment", "Override", "Schedule", "Shift"]

EVERY_DAY = frozenset(range(7))
_PRECEDENCE = (Level.PERSON, Level.DEPARTMENT, Level.DEFAULT)
_DEFAULT_POLICY = Policy()


@dataclass(frozen=True, slots=True, eq=False)
class Shift:
    """One version of a shift. Wall times are those of ``zone``; an end that is not after the start
    lies on the next date, so equal times are 24 hours. ``days`` counts from Monday = 0.

    With ``flexible_minutes`` start and end bound the day, and that many minutes are owed.
    """

    name: str
    start: time
    end: time
    zone: ZoneInfo
    days: frozenset[int] = EVERY_DAY
    flexible_minutes: int | None = None
    policy: Policy = _DEFAULT_POLICY
    identity: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.days <= EVERY_DAY:
            raise InvalidRule("days", sorted(self.days), "weekdays from 0 (Monday) to 6 (Sunday)")
        if self.flexible_minutes is not None and not 0 < self.flexible_minutes <= 24 * 60:
            raise InvalidRule("flexible_minutes", self.flexible_minutes, "from 1 to 1440 minutes")
        parts = (self.name, self.start, self.end, self.zone.key, sorted(self.days))
        object.__setattr__(
            self, "identity", repr((*parts, self.flexible_minutes, self.policy.identity))
        )

    # Shifts key the cache of occurrences: the hash of a text is computed once.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shift) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)


@dataclass(frozen=True, slots=True)
class Assignment:
    """``shifts`` apply in turn, one a date from ``first`` on; None is a day off in the rotation.

    Most often there is one shift, and its weekdays say when it is worked. Several assignments of
    one level on one date are several shifts of that date, as in a split or a double shift.
    """

    shifts: tuple[Shift | None, ...]
    first: date | None = None
    last: date | None = None
    level: Level = Level.PERSON

    def __post_init__(self) -> None:
        if not self.shifts:
            raise InvalidRule("shifts", self.shifts, "at least one shift")
        if len(self.shifts) > 1 and self.first is None:
            raise InvalidRule("first", None, "the date on which the rotation begins")
        if self.first and self.last and self.last < self.first:
            raise InvalidRule("last", self.last.isoformat(), f"{self.first} or later")

    def covers(self, day: date) -> bool:
        return not (
            (self.first is not None and day < self.first)
            or (self.last is not None and day > self.last)
        )

    def shift_of(self, day: date) -> Shift | None:
        """The shift whose turn it is, worked on that weekday or not."""
        if self.first is None:
            return self.shifts[0]
        return self.shifts[(day - self.first).days % len(self.shifts)]


@dataclass(frozen=True, slots=True)
class Override:
    """What one person works on one date in place of anything else; None is a day off."""

    date: date
    shift: Shift | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """All that is planned for one person."""

    assignments: tuple[Assignment, ...] = ()
    overrides: tuple[Override, ...] = ()

    def shifts_on(self, day: date) -> tuple[Shift, ...] | None:
        """The shifts that begin on a date: none on a day off, None where nobody is assigned."""
        chosen = [each.shift for each in self.overrides if each.date == day]
        if chosen:
            return tuple(shift for shift in chosen if shift is not None)
        covering = [each for each in self.assignments if each.covers(day)]
        for level in _PRECEDENCE:
            at_level = [each.shift_of(day) for each in covering if each.level is level]
            if at_level:
                return tuple(
                    shift for shift in at_level if shift is not None and day.weekday() in shift.days
                )
        return None

    def policy_near(self, day: date) -> Policy:
        """The policy for work without a shift: of the assignment on that date, else the nearest."""
        candidates = [
            (_distance(each, day), _PRECEDENCE.index(each.level), n, shift.policy)
            for n, each in enumerate(self.assignments)
            if (shift := each.shift_of(day) or next(filter(None, each.shifts), None)) is not None
        ]
        return min(candidates)[-1] if candidates else _DEFAULT_POLICY


def _distance(assignment: Assignment, day: date) -> int:
    if assignment.first is not None and day < assignment.first:
        return (assignment.first - day).days
    if assignment.last is not None and day > assignment.last:
        return (day - assignment.last).days
    return 0
