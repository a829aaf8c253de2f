"""Mutants of the engine that nothing can notice, and why: module, line, change."""

from __future__ import annotations

__all__ = ["EQUIVALENT"]

SPEED = "only speed: the same is found, later"
BOUND = "an arbitrary bound, generous either way; nothing depends on the exact number"
NO_PHASE = "a date on which nothing was seen and nothing owed is a day off at any time"
ZERO = "the distance of a date from itself is 0 either way"
ANY_OF_ONE = "there is exactly one, so the last is the first"

PHASE = "return self._day(row, 1, None, Phase(True, True, True, True), window=None)"

EQUIVALENT: dict[tuple[str, str, str], str] = {
    ("allotment", "self._latest = 0", "0 -> -1"): "before any punch every occurrence is still open",
    ("allotment", "self._ended = index", "removed"): SPEED,
    ("allotment", "for later in holding[1:]:", "1 -> 0"): "a shift is never chosen over itself",
    ("allotment", "at = stray.punches[0].first", "0 -> -1"): "only asked of rows with one punch; "
    "of other rows the answer is not used",
    ("clock", "_NOON = time(12)", "12 -> 13"): BOUND,
    ("clock", "_NOON = time(12)", "12 -> 11"): BOUND,
    ("conflicts", "LOOK_AHEAD = timedelta(days=400)", "400 -> 401"): BOUND,
    ("conflicts", "LOOK_AHEAD = timedelta(days=400)", "400 -> 399"): BOUND,
    ("conflicts", "ONE_DAY = timedelta(days=1)", "1 -> 2"): "more dates are looked at than needed",
    ("conflicts", "seen.add(span)", "removed"): SPEED,
    ("days", "MARGIN = timedelta(days=2)", "2 -> 3"): "more dates are looked at than needed",
    ("days", PHASE, "True -> False"): NO_PHASE,
    ("fingerprint", "ENGINE_VERSION = 2", "2 -> 3"): "another version, equally good",
    ("fingerprint", "ENGINE_VERSION = 2", "2 -> 1"): "another version, equally good",
    ("minutes", "if begins < ends:", "Lt -> LtE"): "an empty span adds no minute",
    ("minutes", "extra = max(0, worked - due.flexible)", "0 -> -1"): "what is below the minimum "
    "is no overtime, and the minimum is never below 0",
    ("schedule", "if assignment.first is not None and day < assignment.first:", "Lt -> LtE"): ZERO,
    ("schedule", "if assignment.last is not None and day > assignment.last:", "Gt -> GtE"): ZERO,
    ("schedule", "return 0", "0 -> -1"): "still nearer than every other date",
    ("schedule", "return self.shifts[0]", "0 -> -1"): ANY_OF_ONE,
}
