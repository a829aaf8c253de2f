"""What the roster's page sends: JSON, checked before anything is done with it.

Public surface: ``SetRequest``, ``CopyRequest``, ``read_set``, ``read_copy``. A cell's value is
written as the codes of its shifts ("E", "E,L"), "-" for a day off, and null for what the plan says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, NoReturn
from uuid import UUID

from portal.core.errors import DomainError
from portal.schedules.models import Shift
from portal.schedules.services.roster import MOST_AT_ONCE, CellChange, Wanted

__all__ = [
    "WEEKS",
    "CopyRequest",
    "SetRequest",
    "Shown",
    "read_copy",
    "read_set",
    "value_of",
]

WEEKS: Final = (1, 2, 4)
_DAY_OFF: Final = "-"


@dataclass(frozen=True, slots=True)
class Shown:
    """The dates that the page shows."""

    first: date
    weeks: int

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.first + timedelta(days=n) for n in range(self.weeks * 7))


@dataclass(frozen=True, slots=True)
class SetRequest:
    shown: Shown
    changes: tuple[CellChange, ...]


@dataclass(frozen=True, slots=True)
class CopyRequest:
    """A week of ``person_ids`` from one date to another; or, with a ``source_id``, the weeks that
    are shown of that person to them."""

    shown: Shown
    person_ids: tuple[UUID, ...]
    from_first: date | None = None
    to_first: date | None = None
    source_id: UUID | None = None


def read_set(body: bytes) -> SetRequest:
    """Raises ``DomainError``: ``roster.request``, and ``roster.code`` for a code of no shift."""
    data = _object(body)
    rows = data.get("changes")
    if not isinstance(rows, list) or len(rows) > MOST_AT_ONCE:
        _refuse()
    codes = _Codes()
    changes = []
    for row in rows:
        if not isinstance(row, dict):
            _refuse()
        changes.append(
            CellChange(
                person_id=_uuid(row.get("person")),
                day=_date(row.get("day")),
                to=codes.wanted(row.get("to")),
                seen=codes.wanted(row.get("seen")),
                is_seen="seen" in row,
            )
        )
    return SetRequest(_shown(data), tuple(changes))


def read_copy(body: bytes) -> CopyRequest:
    data = _object(body)
    people = data.get("people")
    if not isinstance(people, list) or len(people) > MOST_AT_ONCE:
        _refuse()
    ids = tuple(_uuid(each) for each in people)
    if data.get("source"):
        return CopyRequest(_shown(data), ids, source_id=_uuid(data["source"]))
    return CopyRequest(
        _shown(data), ids, from_first=_date(data.get("from")), to_first=_date(data.get("to"))
    )


def value_of(wanted: Wanted, codes: Mapping[UUID, str]) -> str | None:
    """As the page writes it."""
    if wanted is None:
        return None
    return ",".join(sorted(codes[each] for each in wanted)) or _DAY_OFF


class _Codes:
    """Shifts by their codes, asked for once; retired ones are refused where they are set."""

    def __init__(self) -> None:
        self._known: dict[str, UUID] | None = None

    def wanted(self, value: object) -> Wanted:
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            _refuse()
        return () if value == _DAY_OFF else tuple(self._ids(value.split(",")))

    def _ids(self, codes: Iterable[str]) -> Iterable[UUID]:
        if self._known is None:
            self._known = {code.upper(): pk for pk, code in Shift.objects.values_list("pk", "code")}
        for code in codes:
            pk = self._known.get(code.strip().upper())
            if pk is None:
                raise DomainError(
                    f"There is no shift with the code “{code[:4]}”.", code="roster.code"
                )
            yield pk


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except ValueError:
        _refuse()
    if not isinstance(data, dict):
        _refuse()
    return data


def _shown(data: Mapping[str, Any]) -> Shown:
    first, weeks = _date(data.get("first")), data.get("weeks")
    # True is a number to Python, and to nobody else.
    if type(weeks) is not int or weeks not in WEEKS or first.weekday() != 0:
        _refuse()
    return Shown(first, weeks)


def _uuid(text: object) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        _refuse()


def _date(text: object) -> date:
    try:
        day = date.fromisoformat(str(text))
    except ValueError:
        _refuse()
    if not date.min.year < day.year < date.max.year:
        _refuse()
    return day


def _refuse() -> NoReturn:
    raise DomainError(
        "The page sent something that cannot be understood. Reload it and try again.",
        code="roster.request",
    )
