"""The words, letters and tones of attendance, the same on every page, report and export.

Public surface: ``StatusWord``, ``STATUS_WORDS``, ``status_word``, ``FLAG_LABELS``, ``flag_label``,
``flag_meaning``, ``hours_minutes``, ``minutes_in_words``, ``wall_time``. The engine says what
happened (``engine.words``); this says how it is shown. Tones and icons are those of ``portal.ui``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from portal.attendance.engine import Flag, Status

__all__ = [
    "FLAG_LABELS",
    "STATUS_WORDS",
    "StatusWord",
    "flag_label",
    "flag_meaning",
    "hours_minutes",
    "minutes_in_words",
    "status_word",
    "wall_time",
]


@dataclass(frozen=True, slots=True)
class StatusWord:
    """How a status is shown: in full, and as the one or two letters of a cell.

    ``is_shaded`` is for days on which nothing was owed and nobody came.
    """

    status: str
    label: str
    letter: str
    tone: str
    icon: str
    meaning: str
    is_shaded: bool = False


def _word(
    status: Status, label: str, letter: str, tone: str, icon: str, *, is_shaded: bool = False
) -> tuple[str, StatusWord]:
    return status.value, StatusWord(
        status.value, label, letter, tone, icon, status.meaning, is_shaded
    )


STATUS_WORDS: Final[dict[str, StatusWord]] = dict(
    (
        _word(Status.PRESENT, "Present", "P", "match", "circle-check"),
        _word(Status.PROVISIONAL, "Provisional", "P?", "neutral", "circle-dot"),
        _word(Status.IN_PROGRESS, "Here", "W", "accent", "door-open"),
        _word(Status.INCOMPLETE, "Incomplete", "I", "uncertain", "alert-triangle"),
        _word(Status.HALF_DAY, "Half day", "½", "uncertain", "clock"),
        _word(Status.HALF_LEAVE_PRESENT, "Half leave, came", "½L", "match", "circle-check"),
        _word(Status.HALF_LEAVE_ABSENT, "Half leave, absent", "½A", "danger", "circle-x"),
        _word(Status.ABSENT, "Absent", "A", "danger", "circle-x"),
        _word(Status.NOT_ARRIVED, "Not arrived", "N", "uncertain", "user-x"),
        _word(Status.PENDING, "Pending", "?", "unknown", "wifi-off"),
        _word(Status.EXPECTED, "Expected", "E", "neutral", "clock"),
        _word(Status.ON_LEAVE, "On leave", "L", "accent", "calendar", is_shaded=True),
        _word(Status.HOLIDAY, "Holiday", "H", "accent", "sun", is_shaded=True),
        _word(Status.DAY_OFF, "Day off", "O", "neutral", "moon", is_shaded=True),
    )
)

FLAG_LABELS: Final[dict[str, str]] = {
    Flag.AUTO_CLOSED: "Closed by the policy",
    Flag.BELOW_MINIMUM: "Below the minimum",
    Flag.CORRECTED: "Corrected",
    Flag.IN_WHILE_IN: "Came in twice",
    Flag.MISSING_IN: "No coming",
    Flag.MISSING_OUT: "No leaving",
    Flag.OUT_BEFORE_IN: "Left before coming",
    Flag.OUT_WITHOUT_IN: "Left twice",
    Flag.OUTSIDE_WINDOW: "Seen outside the shift",
    Flag.UNSCHEDULED: "Without a shift",
    Flag.WORKED_ON_HOLIDAY: "Worked on a holiday",
    Flag.WORKED_ON_LEAVE: "Worked on leave",
}

_MEANINGS: Final = {flag.value: flag.meaning for flag in Flag}


def status_word(status: str) -> StatusWord:
    """A status that this table does not know is shown with its own name: a page must not fail
    because a newer engine says more."""
    known = STATUS_WORDS.get(str(status))
    if known is not None:
        return known
    label = str(status).replace("_", " ").capitalize()
    return StatusWord(str(status), label, label[:1], "neutral", "circle-dot", "")


def flag_label(flag: str) -> str:
    return FLAG_LABELS.get(str(flag), str(flag).replace("_", " ").capitalize())


def flag_meaning(flag: str) -> str:
    return _MEANINGS.get(str(flag), "")


def hours_minutes(minutes: int | None) -> str:
    """For columns: 485 is "8:05", -90 is "−1:30", nothing is a dash."""
    if minutes is None:
        return "–"
    hours, rest = divmod(abs(minutes), 60)
    return f"{'−' if minutes < 0 else ''}{hours}:{rest:02d}"


def minutes_in_words(minutes: int) -> str:
    """For sentences: "1 minute", "45 minutes", "8 h", "8 h 5 min"."""
    if abs(minutes) < 60:
        return f"{minutes} minute{'' if abs(minutes) == 1 else 's'}"
    sign = "−" if minutes < 0 else ""
    hours, rest = divmod(abs(minutes), 60)
    return f"{sign}{hours} h {rest} min" if rest else f"{sign}{hours} h"


def wall_time(at: datetime | None, zone: str, *, on: date | None = None) -> str:
    """The clock of ``zone``: "09:06"; "06:00 +1" where that is the date after ``on``."""
    if at is None:
        return "–"
    local = at.astimezone(ZoneInfo(zone))
    ahead = 0 if on is None else (local.date() - on).days
    return f"{local:%H:%M}{f' {ahead:+d}'.replace('-', '−') if ahead else ''}"
