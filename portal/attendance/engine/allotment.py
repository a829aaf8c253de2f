"""Step 4: every punch to exactly one row: a shift's occurrence, or work without a shift.

Public surface: ``Row``, ``allot``.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta

from portal.attendance.engine.clock import local_date
from portal.attendance.engine.inputs import PersonInputs
from portal.attendance.engine.occurrences import Occurrence
from portal.attendance.engine.policy import Policy
from portal.attendance.engine.results import Punch
from portal.attendance.engine.words import Direction, Pairing

__all__ = ["Row", "allot"]

_IN, _OUT = Direction.IN, Direction.OUT
_NONE = timedelta()


class Row:
    """A row while it is filled. ``opened_at`` is since when somebody is in; ``begun`` how many
    shifts' windows had opened before work without a shift.
    """

    __slots__ = (
        "begun",
        "longest",
        "occurrence",
        "opened_at",
        "policy",
        "punches",
        "seen_elsewhere_at",
        "strays",
        "work_date",
    )

    def __init__(
        self,
        work_date: date,
        policy: Policy,
        occurrence: Occurrence | None = None,
        *,
        begun: int | None = None,
    ) -> None:
        self.work_date = work_date
        self.policy = policy
        self.occurrence = occurrence
        self.longest = policy.max_session if occurrence is None else occurrence.longest
        self.begun = begun
        self.punches: list[Punch] = []
        self.strays: list[Punch] = []
        self.opened_at: datetime | None = None
        self.seen_elsewhere_at: datetime | None = None

    def is_young(self, at: datetime) -> bool:
        """Somebody is in, and not for longer than a session may last."""
        return self.opened_at is not None and at - self.opened_at <= self.longest

    def take(self, punch: Punch) -> None:
        self.punches.append(punch)
        if punch.direction is _OUT:
            self.opened_at = None
        elif self.opened_at is None:
            self.opened_at = self._opening(punch)
        elif punch.direction is not _IN:
            self.opened_at = None if self.is_young(punch.first) else punch.first
        elif not self.is_young(punch.first):
            self.opened_at = self._opening(punch)

    def _opening(self, punch: Punch) -> datetime:
        """From the first to the last of a day is one session, so coming back reopens the first."""
        if self.policy.pairing is Pairing.FIRST_LAST:
            for each in self.punches:
                if each.direction is not _OUT:
                    return each.first
        return punch.first


def allot(
    punches: list[Punch], occurrences: list[Occurrence], inputs: PersonInputs
) -> tuple[list[Row], list[Row]]:
    """The rows of the occurrences, in their order, and the rows of work without a shift."""
    allotment = _Allotment(occurrences, inputs)
    for punch in punches:
        allotment.place(punch)
    return allotment.rows, allotment.without_stray_rows()


class _Allotment:
    def __init__(self, occurrences: list[Occurrence], inputs: PersonInputs) -> None:
        self.rows = [Row(each.work_date, each.shift.policy, each) for each in occurrences]
        self._occurrences = occurrences
        self._inputs = inputs
        self._unscheduled: list[Row] = []
        self._open: Row | None = None
        # Rows before the last one that was given a punch are over: hours never interleave.
        self._latest = 0
        self._ended = 0
        self._reach = max((each.start - each.window_start for each in occurrences), default=_NONE)
        self._openings = sorted(each.window_start for each in occurrences)

    def place(self, punch: Punch) -> None:
        holding = self._holding(punch.first)
        row = self._open
        if row is None or not _closes(row, punch, holding):
            if holding:
                index = self._chosen(punch, holding)
                self._latest = index
                row = self.rows[index]
            else:
                row = self._row_without_shift(punch)
        row.take(punch)
        # Whoever is seen elsewhere is no longer where they were seen before.
        if self._open is not None and self._open is not row:
            self._open.seen_elsewhere_at = punch.first
        self._open = row if row.opened_at is not None else None

    def _holding(self, at: datetime) -> list[int]:
        """The occurrences whose window holds an instant."""
        occurrences = self._occurrences
        count = len(occurrences)
        index = self._ended
        while index < count and occurrences[index].window_end < at:
            index += 1
        self._ended = index
        index = max(index, self._latest)
        holding = []
        while index < count and occurrences[index].start - self._reach <= at:
            each = occurrences[index]
            if each.window_start <= at <= each.window_end:
                holding.append(index)
            index += 1
        return holding

    def _chosen(self, punch: Punch, holding: list[int]) -> int:
        chosen = holding[0]
        for later in holding[1:]:
            if self._goes_to_later(punch, chosen, later):
                chosen = later
        return chosen

    def _goes_to_later(self, punch: Punch, earlier: int, later: int) -> bool:
        if punch.direction is _OUT:
            return False
        has_begun = bool(self.rows[earlier].punches)
        start, next_start = self._occurrences[earlier].start, self._occurrences[later].start
        if punch.direction is _IN:
            return has_begun or abs(punch.first - next_start) < abs(punch.first - start)
        return has_begun or punch.first >= next_start

    def _row_without_shift(self, punch: Punch) -> Row:
        """One a local date and stretch between two shifts' windows."""
        day = local_date(punch.first, self._inputs.zone)
        begun = bisect_right(self._openings, punch.first)
        if self._unscheduled:
            newest = self._unscheduled[-1]
            if newest.work_date == day and newest.begun == begun:
                return newest
        row = Row(day, self._inputs.schedule.policy_near(day), begun=begun)
        self._unscheduled.append(row)
        return row

    def without_stray_rows(self) -> list[Row]:
        """A single punch on the date of a shift is a remark on that shift's row, not a row."""
        kept = []
        for row in self._unscheduled:
            nearest = self._shift_nearest(row)
            if len(row.punches) == 1 and nearest is not None:
                nearest.strays.extend(row.punches)
            else:
                kept.append(row)
        return kept

    def _shift_nearest(self, stray: Row) -> Row | None:
        at = stray.punches[0].first
        of_date = [
            (abs(each.start - at), number)
            for number, each in enumerate(self._occurrences)
            if each.work_date == stray.work_date
        ]
        return self.rows[min(of_date)[1]] if of_date else None


def _closes(row: Row, punch: Punch, holding: list[int]) -> bool:
    if punch.direction is _IN or not row.is_young(punch.first):
        return False
    if row.occurrence is None:
        return not holding
    # Undirected, after the window, and another shift waits for somebody: they are coming to it.
    past = punch.first > row.occurrence.window_end
    return not (past and holding and punch.direction is not _OUT)
