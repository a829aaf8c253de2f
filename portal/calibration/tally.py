"""What a replay comes to, counted row by row: names, people, cameras, days, and attendance.

Pure: no database, no rule. Public surface: ``Outcome``, ``Tally``, ``LISTED``.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from portal.calibration.person_days import PersonDays

__all__ = ["LISTED", "Change", "Outcome", "Tally", "change_of"]

# The list of changes ends here; everything is counted.
LISTED: Final = 5_000
_PEOPLE: Final = 500

Change = str
"""One of ``WhatIfChange.Change``, or "" where nothing changes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One visit, or one face of a photo, before and after. ``was`` and ``becomes`` are names."""

    visit_id: UUID | None
    face_id: int | None
    camera_id: UUID | None
    at: datetime
    day: date
    before: str
    after: str
    was: str | None
    becomes: str | None
    score: float | None

    @property
    def change(self) -> Change:
        return change_of(self.before, self.after, was=self.was, becomes=self.becomes)


def change_of(before: str, after: str, *, was: str | None, becomes: str | None) -> Change:
    if was != becomes:
        if was is None:
            return "appears"
        return "disappears" if becomes is None else "changes"
    return "" if before == after else "kind"


class Tally:
    """Counts outcomes; ``summary`` is what ``WhatIf.summary`` keeps, ids and numbers only."""

    def __init__(self) -> None:
        self.person_days = PersonDays()
        self._changes: Counter[str] = Counter()
        self._kinds: Counter[tuple[str, str]] = Counter()
        self._left_out: Counter[str] = Counter()
        self._ledger: Counter[str] = Counter()
        self._people: dict[str, Counter[str]] = {}
        self._cameras: dict[str, Counter[str]] = {}
        self._days: dict[date, Counter[str]] = {}
        # Names matter more than what goes to or leaves the review, and the newest most.
        self._names: deque[Outcome] = deque(maxlen=LISTED)
        self._others: deque[Outcome] = deque(maxlen=LISTED)

    def leave_out(self, why: str) -> None:
        """A visit or photo that no rule decides: ``why`` is the page's to say."""
        self._left_out[why] += 1

    def count_row(self, *, is_changed: bool) -> None:
        """A row of the ledger, whether people see it by itself or as part of a visit."""
        self._ledger["rows"] += 1
        self._ledger["changed"] += is_changed

    def add(self, outcome: Outcome) -> None:
        change = outcome.change or "unchanged"
        self._changes[change] += 1
        self._kinds[outcome.before, outcome.after] += 1
        camera = self._cameras.setdefault(str(outcome.camera_id or ""), Counter())
        day = self._days.setdefault(outcome.day, Counter())
        for counts in (camera, day):
            counts["decided"] += 1
            counts[change] += 1
        if not outcome.change:
            return
        if outcome.was != outcome.becomes:
            for person, key in ((outcome.was, "loses"), (outcome.becomes, "gains")):
                if person is not None:
                    self._people.setdefault(person, Counter())[key] += 1
            self._names.append(outcome)
        else:
            self._others.append(outcome)

    @property
    def listed(self) -> list[Outcome]:
        """The changes that become rows: all names that fit, then others."""
        room = LISTED - len(self._names)
        return [*self._names, *(list(self._others)[-room:] if room else [])]

    def summary(self) -> dict[str, Any]:
        kinds = self._kinds
        changed = {one: self._changes[one] for one in _CHANGES}
        return {
            "decided": self._changes.total(),
            "changes": changed,
            "left_out": dict(self._left_out),
            "review": {
                "before": sum(n for (before, _), n in kinds.items() if before == _REVIEW),
                "after": sum(n for (_, after), n in kinds.items() if after == _REVIEW),
                "joins": sum(n for (b, a), n in kinds.items() if a == _REVIEW != b),
                "leaves": sum(n for (b, a), n in kinds.items() if b == _REVIEW != a),
            },
            "kinds": [[before, after, n] for (before, after), n in sorted(kinds.items())],
            "ledger": {"rows": self._ledger["rows"], "changed": self._ledger["changed"]},
            "people": _rows(self._people.items(), ("gains", "loses"), most=_PEOPLE),
            "people_count": len(self._people),
            "cameras": _rows(self._cameras.items(), ("decided", *_CHANGES), most=_PEOPLE),
            "days": [
                {"id": day.isoformat(), **{key: counts[key] for key in ("decided", *_CHANGES)}}
                for day, counts in sorted(self._days.items())
            ],
            "attendance": self.person_days.summary(),
            "listed": len(self.listed),
        }


_REVIEW: Final = "uncertain"
_CHANGES: Final = ("appears", "disappears", "changes", "kind")


def _rows(
    found: Iterable[tuple[str, Counter[str]]], keys: tuple[str, ...], *, most: int
) -> list[dict[str, Any]]:
    """Those with the most changes first."""

    def weight(item: tuple[str, Counter[str]]) -> tuple[int, str]:
        pk, counts = item
        return -sum(counts[key] for key in keys if key != "decided"), pk

    ordered = sorted(found, key=weight)[:most]
    return [{"id": pk, **{key: counts[key] for key in keys}} for pk, counts in ordered]
