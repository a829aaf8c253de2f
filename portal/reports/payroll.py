"""What payroll is told of a period: its lines, and the files that are made of them.

Public surface: ``Line``, ``Statement``, ``columns_of``, ``rows_of``, ``statement_bytes``,
``statement_of``. A statement is kept as it was when it was first exported, so that the same bytes
can be had again; names in it are sealed under each person's own key, so that they go with the
person.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from portal.reports.sheet import Column, Kind, Row, Totals, Value, totals_of

__all__ = [
    "HOURS",
    "Line",
    "Statement",
    "columns_of",
    "rows_of",
    "sealed_names_in",
    "statement_bytes",
    "statement_of",
    "sums_of",
]

# How minutes are written: whole ones, or hours with two places.
HOURS: Final = {"minutes": "Whole minutes", "hours": "Hours with two places"}
_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One person. Minutes, and halves of days; ``leave`` is by type. ``adjusted_*`` is what
    earlier periods turned out to be off by, and not part of the others."""

    person_id: str
    code: str
    name: str
    site: str
    department: str
    worked_min: int
    payable_min: int
    overtime_min: int
    absences: int
    adjusted_payable_min: int
    adjusted_overtime_min: int
    leave: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    first: str
    last: str
    site: str
    made_at: datetime
    leave_types: tuple[str, ...]
    lines: tuple[Line, ...]


def columns_of(statement: Statement, hours: str) -> tuple[Column, ...]:
    """The same columns for every period, with one for each type of leave that was taken."""
    unit = "h" if hours == "hours" else "min"

    def time(key: str, label: str) -> Column:
        return Column(key, f"{label} ({unit})", Kind.COUNT, 14, is_total=True)

    return (
        Column("code", "Code", width=10),
        Column("name", "Name", width=26),
        Column("site", "Site", width=16),
        Column("department", "Department", width=24),
        Column("from", "From", width=12),
        Column("to", "To", width=12),
        time("worked", "Worked"),
        time("payable", "Payable"),
        time("overtime", "Overtime"),
        Column("absent", "Absences", Kind.COUNT, 10, is_total=True),
        *(
            Column(f"leave:{name}", f"Leave: {name} (days)", Kind.DAYS, 16, is_total=True)
            for name in statement.leave_types
        ),
        time("adjusted_payable", "Adjusted payable"),
        time("adjusted_overtime", "Adjusted overtime"),
        time("total_payable", "Total payable"),
        time("total_overtime", "Total overtime"),
    )


def rows_of(statement: Statement, hours: str) -> Iterable[Row]:
    for line in statement.lines:
        yield Row(
            (
                line.code,
                line.name,
                line.site,
                line.department,
                statement.first,
                statement.last,
                _time(line.worked_min, hours),
                _time(line.payable_min, hours),
                _time(line.overtime_min, hours),
                line.absences,
                *(line.leave.get(name, 0) for name in statement.leave_types),
                _time(line.adjusted_payable_min, hours),
                _time(line.adjusted_overtime_min, hours),
                _time(line.payable_min + line.adjusted_payable_min, hours),
                _time(line.overtime_min + line.adjusted_overtime_min, hours),
            )
        )


def sums_of(statement: Statement, hours: str) -> Totals:
    """Added up in whole minutes, and only then written as hours."""
    columns = columns_of(statement, "minutes")
    sums = totals_of(columns, rows_of(statement, "minutes"))
    if hours == "minutes":
        return sums
    return tuple(
        _time(value, hours) if isinstance(value, int) and column.label.endswith("(min)") else value
        for column, value in zip(columns, sums, strict=True)
    )


def _time(minutes: int, hours: str) -> Value:
    return round(minutes / 60, 2) if hours == "hours" else minutes


def statement_bytes(statement: Statement, sealed_names: Mapping[str, str]) -> bytes:
    """For the vault. ``sealed_names`` are in place of the names, by person."""
    lines = [
        {
            "person": line.person_id,
            "code": line.code,
            "name": sealed_names[line.person_id],
            "site": line.site,
            "department": line.department,
            "minutes": [
                line.worked_min,
                line.payable_min,
                line.overtime_min,
                line.adjusted_payable_min,
                line.adjusted_overtime_min,
            ],
            "absences": line.absences,
            "leave": dict(line.leave),
        }
        for line in statement.lines
    ]
    content = {
        "version": _VERSION,
        "first": statement.first,
        "last": statement.last,
        "site": statement.site,
        "made_at": statement.made_at.isoformat(),
        "leave_types": list(statement.leave_types),
        "lines": lines,
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def statement_of(content: bytes, names: Mapping[str, str]) -> Statement:
    """``names`` by person, opened again."""
    stored: dict[str, Any] = json.loads(content)
    lines = []
    for each in stored["lines"]:
        worked, payable, overtime, adjusted_payable, adjusted_overtime = each["minutes"]
        lines.append(
            Line(
                person_id=each["person"],
                code=each["code"],
                name=names[each["person"]],
                site=each["site"],
                department=each["department"],
                worked_min=worked,
                payable_min=payable,
                overtime_min=overtime,
                absences=each["absences"],
                adjusted_payable_min=adjusted_payable,
                adjusted_overtime_min=adjusted_overtime,
                leave=each["leave"],
            )
        )
    return Statement(
        first=stored["first"],
        last=stored["last"],
        site=stored["site"],
        made_at=datetime.fromisoformat(stored["made_at"]),
        leave_types=tuple(stored["leave_types"]),
        lines=tuple(lines),
    )


def sealed_names_in(content: bytes) -> dict[str, str]:
    """By person, as they lie in a kept statement."""
    return {each["person"]: each["name"] for each in json.loads(content)["lines"]}
