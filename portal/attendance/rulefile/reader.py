"""From a JSON text to what the engine is asked. Public surface: ``read_rule_file``, ``RuleFile``."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from portal.attendance.engine import (
    Direction,
    Leave,
    LeavePart,
    OverlappingShifts,
    PersonInputs,
    Schedule,
    Sighting,
    Source,
    check_schedule,
    earliest_mark,
)
from portal.attendance.rulefile.fields import Field, RuleFileError
from portal.attendance.rulefile.shifts import read_assignment

__all__ = ["RuleFile", "read_rule_file"]

# Ten years; more is a slip of the pen, and would only be slow.
MOST_DAYS = 3660
TOP = (
    "zone", "from", "to", "now", "watermark", "assignments", "sightings", "leaves", "holidays",
)  # fmt: skip
SIGHTING = ("at", "until", "direction", "camera", "source", "voided", "key")


@dataclass(frozen=True, slots=True)
class RuleFile:
    """``ignored`` names fields that nobody reads, in words."""

    inputs: PersonInputs
    first: date
    last: date
    ignored: tuple[str, ...] = field(default=())


def read_rule_file(text: str) -> RuleFile:
    """Raise RuleFileError, naming the field, for anything that cannot be understood."""
    top = Field("", _document(text))
    if not isinstance(top.value, dict):
        raise RuleFileError("The file", "it does not hold an object", '{"zone": …, "from": …}')
    ignored = [str(error) for error in top.unknown(TOP)]
    zone = top.get("zone").zone()
    first, last = top.get("from").date(), top.get("to").date()
    if last < first:
        top.get("to").fail(f"{first} or later")
    if (last - first).days >= MOST_DAYS:
        top.get("to").fail(f"at most {MOST_DAYS} days from {first}")
    now = top.get("now").instant()
    assignments = tuple(
        read_assignment(each, zone, ignored) for each in top.get("assignments").items()
    )
    schedule = Schedule(assignments)
    try:
        check_schedule(schedule, around=first)
    except OverlappingShifts as error:
        raise RuleFileError(
            "assignments", str(error).rstrip("."), "shifts that do not overlap"
        ) from error
    inputs = PersonInputs(
        zone=zone,
        now=now,
        watermark=_watermark(top, now),
        schedule=schedule,
        sightings=tuple(_sighting(each, ignored) for each in top.get("sightings").items()),
        leaves=tuple(_leave(each, ignored) for each in top.get("leaves").items()),
        holidays=frozenset(each.date() for each in top.get("holidays").items()),
    )
    return RuleFile(inputs, first, last, tuple(ignored))


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise RuleFileError("The file", f"{place} is not JSON ({error.msg})", "JSON") from error
    except (RecursionError, ValueError) as error:
        raise RuleFileError("The file", "it cannot be read as JSON", "plain JSON") from error


def _watermark(top: Field, now: datetime) -> datetime | None:
    """Left out: everything is known. null: nothing is. An object has one instant a camera."""
    mark = top.get("watermark")
    if not top.has("watermark"):
        return now
    if mark.is_absent:
        return None
    if isinstance(mark.value, dict):
        marks = [mark.get(name) for name in mark.value]
        return earliest_mark(
            (None if each.is_absent else each.instant() for each in marks), now=now
        )
    return mark.instant()


def _sighting(item: Field, ignored: list[str]) -> Sighting:
    ignored.extend(str(error) for error in item.unknown(SIGHTING))
    at, until = item.get("at").instant(), item.get("until")
    if not until.is_absent and until.instant() < at:
        until.fail(f"{at.isoformat()} or later")
    return Sighting(
        at=at,
        until=None if until.is_absent else until.instant(),
        direction=item.get("direction").choice(Direction, Direction.UNKNOWN),
        camera=item.get("camera").text(default=""),
        source=item.get("source").choice(Source, Source.CAMERA),
        voided=item.get("voided").boolean(default=False),
        key=item.get("key").text(default=""),
    )


def _leave(item: Field, ignored: list[str]) -> Leave:
    ignored.extend(str(error) for error in item.unknown(("date", "part")))
    return Leave(item.get("date").date(), item.get("part").choice(LeavePart, LeavePart.FULL))
