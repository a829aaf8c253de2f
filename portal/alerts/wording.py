"""Rules and alerts in plain words, without anybody's name.

Public surface: ``about``, ``hours_words``, ``rule_words``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from portal.alerts.models import Alert, AlertRule
from portal.core.errors import DomainError
from portal.core.week import Week, Window

__all__ = ["about", "hours_words", "joined", "rule_words"]

Event = AlertRule.Event

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WHEN: Final = {
    Event.STRANGER: "an unknown face is seen",
    Event.WATCHED: "somebody watched is seen",
    Event.UNCERTAIN: "a face whose name needs to be confirmed is seen",
    Event.ARRIVAL: "somebody is seen for the first time that day",
    Event.CAMERA_OFFLINE: "goes offline",
}
_RAISE: Final = {
    AlertRule.Severity.INFO: "raise a notice",
    AlertRule.Severity.WARNING: "raise a warning",
    AlertRule.Severity.DANGER: "raise an alarm",
}
COUNTS_FACES: Final = frozenset({Event.STRANGER, Event.WATCHED, Event.UNCERTAIN})


def rule_words(
    rule: AlertRule, *, site: str, cameras: Sequence[str], channels: Sequence[str]
) -> str:
    """The rule as a sentence: “When an unknown face is seen by any camera, Monday to Friday
    19:00-07:00, at least 3 faces: raise a warning, tell Night desk.”

    ``cameras`` are the names of those that the rule names and that may be told."""
    place = "any camera" if rule.is_for_all_cameras else _cameras(cameras)
    if rule.event == Event.CAMERA_OFFLINE:
        first = f"When {place} {_WHEN[Event.CAMERA_OFFLINE]}"
    else:
        first = f"When {_WHEN[Event(rule.event)]} by {place}"
    if site:
        first += f" at {site}"
    parts = [first]
    hours = hours_words(rule.schedule)
    if hours:
        parts.append(hours)
    if rule.event in COUNTS_FACES and rule.min_faces > 1:
        parts.append(f"at least {rule.min_faces} faces")
    if rule.min_dwell_s and rule.event != Event.ARRIVAL:
        parts.append(f"for at least {rule.min_dwell_s} s")
    told = f"tell {joined(channels)}" if channels else "tell nobody but this page"
    ending = f"{_RAISE[AlertRule.Severity(rule.severity)]}, {told}"
    if rule.cooldown_min:
        what = "camera" if rule.event == Event.CAMERA_OFFLINE else "one"
        ending += f"; not again for the same {what} within {rule.cooldown_min} min"
    return f"{', '.join(parts)}: {ending}."


def hours_words(schedule: list[dict[str, object]]) -> str:
    """“Monday to Friday 19:00-07:00”; empty where it always holds."""
    try:
        windows = Week.of(schedule).windows
    except DomainError:
        return "in hours that cannot be read"
    return " and ".join(map(_window_words, windows))


def about(alert: Alert) -> str:
    """What an alert is about, as its title: the event, and whom it is about as far as a number."""
    visit = alert.visit
    stranger = visit.stranger if visit is not None else None
    match alert.rule.event:
        case Event.STRANGER:
            return f"Unknown face: {stranger}" if stranger else "Unknown face"
        case Event.WATCHED:
            return f"Watched: {stranger}" if stranger else "Somebody watched came"
        case Event.CAMERA_OFFLINE:
            return f"{alert.camera} is offline" if alert.camera else "A camera is offline"
        case _:
            return alert.rule.get_event_display()


def joined(words: Sequence[str], *, last: str = "and") -> str:
    """“A”, “A and B”, “A, B and C”."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def _cameras(names: Sequence[str]) -> str:
    if not names:
        return "a camera that is not there"
    return joined(names, last="or") if len(names) <= 3 else f"one of {len(names)} cameras"


def _window_words(window: Window) -> str:
    return f"{_days_words(window.days)} {window.start:%H:%M}–{window.end:%H:%M}"


def _days_words(days: Iterable[int]) -> str:
    chosen = sorted(days)
    if chosen == list(range(7)):
        return "every day"
    if chosen == list(range(5)):
        return "weekdays"
    if len(chosen) > 2 and chosen == list(range(chosen[0], chosen[-1] + 1)):
        return f"{_DAYS[chosen[0]]} to {_DAYS[chosen[-1]]}"
    return joined([_DAYS[day] for day in chosen])
