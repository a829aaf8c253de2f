"""Assignments, shifts and policies of a rule file. Public surface: ``read_assignment``."""

from __future__ import annotations

from dataclasses import fields
from typing import Any
from zoneinfo import ZoneInfo

from portal.attendance.engine import (
    Assignment,
    BreakWindow,
    InvalidRule,
    Pairing,
    Policy,
    RoundMode,
    Shift,
)
from portal.attendance.rulefile.fields import Field

__all__ = ["read_assignment"]

WEEKDAYS = frozenset(range(7))
SHIFT = ("name", "start", "end", "zone", "days", "flexible_minutes", "policy")
POLICY = tuple(each.name for each in fields(Policy) if each.init)
COUNTS = tuple(each.name for each in fields(Policy) if each.init and each.type == "int")
SWITCHES = ("count_early", "auto_close")


def read_assignment(item: Field, zone: ZoneInfo, ignored: list[str]) -> Assignment:
    ignored.extend(str(error) for error in item.unknown(("from", "to", "shift")))
    first, last = item.get("from"), item.get("to")
    begins = None if first.is_absent else first.date()
    ends = None if last.is_absent else last.date()
    if begins is not None and ends is not None and ends < begins:
        last.fail(f"{begins} or later")
    return Assignment((_shift(item.get("shift"), zone),), begins, ends)


def _shift(item: Field, zone: ZoneInfo) -> Shift:
    # A misspelt rule would silently be the default one: that is refused, not overlooked.
    for error in item.unknown(SHIFT):
        raise error
    days = item.get("days")
    flexible = item.get("flexible_minutes")
    return Shift(
        name=item.get("name").text(default="shift"),
        start=item.get("start").time(),
        end=item.get("end").time(),
        zone=item.get("zone").zone(zone),
        days=WEEKDAYS if days.is_absent else frozenset(each.integer(0, 6) for each in days.items()),
        flexible_minutes=None if not flexible.value else flexible.integer(1, 24 * 60),
        policy=_policy(item.get("policy")),
    )


def _policy(item: Field) -> Policy:
    if item.is_absent:
        return Policy()
    for error in item.unknown(POLICY):
        raise error
    rules: dict[str, Any] = {}
    # What a number may be is the policy's own rule.
    for name in COUNTS:
        if not item.get(name).is_absent:
            rules[name] = item.get(name).value
    for name in SWITCHES:
        rules[name] = item.get(name).boolean(default=False)
    rules["pairing"] = item.get("pairing").choice(Pairing, Pairing.FIRST_LAST)
    rules["round_mode"] = item.get("round_mode").choice(RoundMode, RoundMode.NEAREST)
    rules["break_window"] = _break_window(item.get("break_window"))
    try:
        return Policy(**rules)
    except InvalidRule as error:
        item.get(error.field).fail(error.expected)


def _break_window(item: Field) -> BreakWindow | None:
    """``["12:00", "13:00"]``, ``"12:00-13:00"`` or ``{"start": …, "end": …}``."""
    if item.is_absent:
        return None
    if isinstance(item.value, str):
        ends = [Field(item.path, each.strip()) for each in item.value.split("-")]
    elif isinstance(item.value, dict):
        for error in item.unknown(("start", "end")):
            raise error
        ends = [item.get("start"), item.get("end")]
    else:
        ends = item.items() if isinstance(item.value, list) else []
    if len(ends) != 2:
        item.fail('two times such as ["12:00", "13:00"]')
    return BreakWindow(ends[0].time(), ends[1].time())
