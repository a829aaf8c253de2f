"""One version of the rules by which a shift's punches become minutes.

Public surface: ``Policy``, ``BreakWindow``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import time, timedelta

from portal.attendance.engine.errors import InvalidRule
from portal.attendance.engine.words import Pairing, RoundMode

__all__ = ["BreakWindow", "Policy"]

LONGEST_MIN = 7 * 24 * 60
LONGEST_DEBOUNCE_S = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class BreakWindow:
    """A break at a fixed time of day; it ends on the next date if its end is not after its start."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Policy:
    """The defaults are those of the specification: grace, no breaks, no rounding, no thresholds.

    ``break_window`` goes before ``break_min``: who has a break at a fixed time has no second one.
    """

    debounce_s: int = 60
    early_in_min: int = 60
    late_out_min: int = 240
    max_session_min: int = 16 * 60
    grace_late_min: int = 5
    grace_early_min: int = 5
    pairing: Pairing = Pairing.FIRST_LAST
    break_window: BreakWindow | None = None
    break_min: int = 0
    break_after_min: int = 6 * 60
    count_early: bool = False
    overtime_after_min: int = 30
    overtime_unit_min: int = 15
    absent_below_min: int = 0
    half_day_below_min: int = 0
    round_unit_min: int = 0
    round_mode: RoundMode = RoundMode.NEAREST
    auto_close: bool = False
    # Kept beside the numbers because every punch of every day is compared with them.
    debounce: timedelta = field(init=False, repr=False, compare=False)
    max_session: timedelta = field(init=False, repr=False, compare=False)
    identity: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for each in fields(self):
            if each.type == "int":
                _check(each.name, getattr(self, each.name))
        if self.overtime_unit_min == 0:
            raise InvalidRule("overtime_unit_min", 0, "at least 1 minute")
        if self.max_session_min == 0:
            raise InvalidRule("max_session_min", 0, "at least 1 minute")
        object.__setattr__(self, "debounce", timedelta(seconds=self.debounce_s))
        object.__setattr__(self, "max_session", timedelta(minutes=self.max_session_min))
        object.__setattr__(self, "identity", repr(self))


def _check(name: str, value: object) -> None:
    longest = LONGEST_DEBOUNCE_S if name == "debounce_s" else LONGEST_MIN
    unit = "seconds" if name == "debounce_s" else "minutes"
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= longest:
        raise InvalidRule(name, value, f"a whole number of {unit} from 0 to {longest}")
