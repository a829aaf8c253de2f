"""A short way to write a case of attendance, and to compare what a rule file makes of it.

``in 09:00, out +1 06:00`` are punches of the work date and of the date after it; ``?`` has no
direction. Behind the time stand, in any order, ``manual``, ``import``, ``void``, ``second`` (the
second of a wall time that comes twice), ``@camera``, ``#key`` and ``for 20`` (minutes that the
passage lasted).

Cases are data in the form of the command's JSON: nothing of the engine is imported here, so that
``tests.attendance.mutate`` can give the same cases to a mutated one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

__all__ = ["Case", "assigned", "case", "differences", "punches"]

MONDAY = "2026-05-04"
BERLIN = "Europe/Berlin"
NAMES = {
    "worked": "worked_min",
    "payable": "payable_min",
    "late": "late_min",
    "early": "early_min",
    "overtime": "overtime_min",
}


@dataclass(frozen=True, slots=True)
class Case:
    """``says`` is the specification's line, ``expects`` its expectation and ``also`` ours."""

    number: str
    says: str
    document: Mapping[str, Any]
    expects: Mapping[str, Any]
    also: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[str, ...] | None = None


def case(
    number: int | str,
    says: str,
    seen: str = "",
    /,
    *,
    expects: Mapping[str, Any],
    also: Mapping[str, Any] | None = None,
    rows: Iterable[str] | None = None,
    on: str = MONDAY,
    to: str | None = None,
    zone: str = BERLIN,
    now: str = "+3 12:00",
    watermark: str | None = "now",
    assignments: list[dict[str, Any]] | None = None,
    leaves: list[dict[str, Any]] | None = None,
    holidays: list[str] | None = None,
    **shift: Any,
) -> Case:
    """Monday 4 May 2026 from 09:00 to 17:00 in Berlin, where nothing else is said."""
    day = date.fromisoformat(on)
    now_at = _instant(now, day, zone)
    document = {
        "zone": zone,
        "from": on,
        "to": to or (day + timedelta(days=1)).isoformat(),
        "now": now_at,
        "watermark": now_at if watermark == "now" else watermark and _instant(watermark, day, zone),
        "assignments": [assigned(on, on, **shift)] if assignments is None else assignments,
        "sightings": punches(seen, on, zone),
        "leaves": leaves or [],
        "holidays": holidays or [],
    }
    wanted = tuple(rows) if rows is not None else None
    return Case(str(number), says, document, dict(expects), dict(also or {}), wanted)


def assigned(first: str | None, last: str | None, /, **shift: Any) -> dict[str, Any]:
    """An assignment; what is no field of a shift is a rule of its policy."""
    names = ("name", "start", "end", "zone", "days", "flexible_minutes")
    fields = {"name": "day", "start": "09:00", "end": "17:00"}
    fields |= {name: value for name, value in shift.items() if name in names}
    policy = {name: value for name, value in shift.items() if name not in names}
    return {"from": first, "to": last, "shift": {**fields, "policy": policy}}


def punches(text: str, on: str = MONDAY, zone: str = BERLIN) -> list[dict[str, Any]]:
    day = date.fromisoformat(on)
    return [_punch(each.split(), day, zone) for each in text.split(",") if each.strip()]


def _punch(words: list[str], day: date, zone: str) -> dict[str, Any]:
    directions = {"in": "in", "out": "out", "?": "unknown"}
    found: dict[str, Any] = {"direction": directions[words[0]], "camera": words[0]}
    lasted = 0
    if "for" in words:
        at = words.index("for")
        lasted = int(words[at + 1])
        words = words[:at] + words[at + 2 :]
    when = [word for word in words[1:] if word[0] in "+-0123456789"]
    for word in words[1:]:
        if word in {"manual", "import"}:
            found["source"] = word
        elif word == "void":
            found["voided"] = True
        elif word[0] == "@":
            found["camera"] = word[1:]
        elif word[0] == "#":
            found["key"] = word[1:]
        elif word == "second":
            continue
        else:
            assert word in when, f"{word} in {words}"
    found["at"] = _instant(" ".join(when), day, zone, fold=int("second" in words))
    if lasted:
        until = datetime.fromisoformat(found["at"]).astimezone(UTC) + timedelta(minutes=lasted)
        found["until"] = until.isoformat()
    return found


def _instant(text: str, day: date, zone: str, *, fold: int = 0) -> str:
    *ahead, wall = text.split()
    at = day + timedelta(days=int(ahead[0]) if ahead else 0)
    return (
        datetime.combine(
            at,
            time.fromisoformat(
                wall,
            ),
            ZoneInfo(zone),
        )
        .replace(fold=fold)
        .isoformat()
    )


def differences(case: Case, days: list[dict[str, Any]]) -> list[str]:
    """What is otherwise than expected, in words; empty when the case holds."""
    found = []
    wanted = {**case.expects, **case.also}
    work_date = wanted.get("work_date", case.document["from"])
    rows = [
        day
        for day in days
        if day["work_date"] == work_date and wanted.get("shift", day["shift"]) == day["shift"]
    ]
    if case.rows is not None and tuple(day["work_date"] for day in days) != case.rows:
        found.append(f"rows of {[day['work_date'] for day in days]}, expected {case.rows}")
    if len(rows) != 1:
        return [*found, f"{len(rows)} rows of {work_date}: {days}"]
    for name, expected in wanted.items():
        given = rows[0][NAMES.get(name, name)]
        given = tuple(given) if name == "flags" else given
        if given != expected:
            found.append(f"{name} is {given!r}, expected {expected!r}")
    return found
