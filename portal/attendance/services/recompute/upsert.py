"""Rows of days into the table at once, new ones and known ones alike. Public surface:
``save_days``.

Everybody's month is a hundred and fifty thousand rows. Django's way from a model to its parameters
costs several times what a day costs to compute, so the statement is written here: SQLite is given
the rows one by one, which it likes best, PostgreSQL the columns as arrays.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection

from portal.attendance.models import AttendanceDay
from portal.attendance.services.recompute.rows import DayRow

__all__ = ["save_days"]

_NAMES: Final = tuple(each.name for each in fields(DayRow))
_KEY: Final = ("person_id", "work_date", "occurrence_no")
# A known row keeps these.
_KEPT: Final = frozenset({"id", "created_at", *_KEY})
_AT_ONCE: Final = 1000


def save_days(rows: Sequence[DayRow]) -> None:
    """Those whose person, date and number are there already take the place of what is there."""
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(_statement(_from_arrays()), _as_arrays(some))
            else:
                values = f"VALUES ({', '.join(['%s'] * len(_NAMES))})"
                cursor.executemany(_statement(values), [_as_row(row) for row in some])


def _statement(source: str) -> str:
    quoted = {name: connection.ops.quote_name(name) for name in _NAMES}
    taken = ", ".join(
        f"{name} = excluded.{name}" for key, name in quoted.items() if key not in _KEPT
    )
    return (
        f"INSERT INTO {connection.ops.quote_name(AttendanceDay._meta.db_table)} "
        f"({', '.join(quoted.values())}) {source} "
        f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET {taken}"
    )


def _from_arrays() -> str:
    types = {name: AttendanceDay._meta.get_field(name).db_type(connection) for name in _NAMES}
    # Array literals have no jsonb in them, and whoever counts is not a smallint by itself.
    sent = [f"%s::{'text' if types[name] == 'jsonb' else types[name]}[]" for name in _NAMES]
    numbered = [
        f"c{n}::jsonb" if types[name] == "jsonb" else f"c{n}" for n, name in enumerate(_NAMES)
    ]
    columns = ", ".join(f"c{n}" for n in range(len(_NAMES)))
    return f"SELECT {', '.join(numbered)} FROM unnest({', '.join(sent)}) AS rows({columns})"  # noqa: S608


def _as_arrays(rows: Sequence[DayRow]) -> list[list[Any]]:
    return [
        [
            _json(value) if isinstance(value, list) else value
            for row in rows
            for value in (getattr(row, name),)
        ]
        for name in _NAMES
    ]


def _as_row(row: DayRow) -> tuple[Any, ...]:
    """As Django's SQLite keeps them, in the order of ``_NAMES``."""
    return (
        row.id.hex,
        _text(row.created_at),
        row.person_id.hex,
        row.site_id.hex,
        None if row.department_id is None else row.department_id.hex,
        row.work_date.isoformat(),
        row.occurrence_no,
        row.zone,
        None if row.shift_id is None else row.shift_id.hex,
        None if row.policy_id is None else row.policy_id.hex,
        row.status,
        _text(row.start),
        _text(row.end),
        _text(row.window_start),
        _text(row.window_end),
        _text(row.first_in),
        _text(row.last_out),
        row.worked_min,
        row.payable_min,
        row.late_min,
        row.early_min,
        row.overtime_min,
        _json(row.flags),
        _json(row.sessions),
        _json(row.punch_keys),
        row.inputs_hash,
        row.revision,
        _text(row.computed_at),
        _text(row.due_at),
    )


def _text(at: datetime | None) -> str | None:
    """The instant in UTC, without its offset."""
    if at is None:
        return None
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat(" ")[:-6]


def _json(value: list[Any]) -> str:
    return json.dumps(value) if value else "[]"
