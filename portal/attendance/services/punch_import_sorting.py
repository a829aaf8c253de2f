"""Rows of a file against the database: whose each is, and whether it is there already.

Public surface: ``Sorted``, ``SoundRow``, ``sort_rows``. A few queries for a lot of rows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.attendance.models import Punch
from portal.attendance.services.punch_import_lines import FileRow, Refused
from portal.core.context import current_actor
from portal.people.models import Person
from portal.people.selectors import within_scope

__all__ = ["Sorted", "SoundRow", "sort_rows"]

_Known = dict[str, tuple[datetime, str]]


@dataclass(frozen=True, slots=True)
class SoundRow:
    """A row whose person is known and who was here then. ``key`` tells it again."""

    row: FileRow
    person_id: UUID
    key: str


@dataclass(slots=True)
class Sorted:
    new: list[SoundRow] = field(default_factory=list)
    known: int = 0
    refused: list[Refused] = field(default_factory=list)


def sort_rows(rows: Sequence[FileRow]) -> Sorted:
    """People outside the actor's scope are unknown, so that nobody learns who exists."""
    people = _people({row.code for row in rows})
    answer = Sorted()
    sound: list[SoundRow] = []
    for row in rows:
        person = people.get(row.code.casefold())
        if person is None:
            _refuse(answer, row, f"Nobody has the code “{row.code[:40]}”, or you may not see them.")
        elif reason := _not_here(person, row):
            _refuse(answer, row, reason)
        else:
            sound.append(SoundRow(row, person.pk, _key(person, row)))
    known = _known([each.key for each in sound])
    for each in sound:
        held = known.get(each.key)
        if held is None:
            answer.new.append(each)
        elif each.row.id and held != (each.row.at, each.row.direction):
            _refuse(
                answer,
                each.row,
                f"The id “{each.row.id}” was imported before with another time or direction "
                f"({held[0]:%Y-%m-%d %H:%M:%S} UTC). An id is one event's.",
            )
        else:
            answer.known += 1
    return answer


def _people(codes: Collection[str]) -> dict[str, Person]:
    """By code without case, as whoever typed it; the very code first."""
    # Codes that differ by case only are one code to whoever typed them.
    spelled = {form for code in codes for form in (code, code.casefold(), code.upper())}
    found = (
        Person.objects.filter(
            within_scope(current_actor().scope), code__in=spelled, status__in=Person.LIVING
        )
        .select_related("site")
        .order_by("code")
    )
    people: dict[str, Person] = {}
    for person in found:
        people.setdefault(person.code.casefold(), person)
        if person.code in codes:
            people[person.code.casefold()] = person
    return people


def _not_here(person: Person, row: FileRow) -> str:
    day = row.at.astimezone(ZoneInfo(person.site.time_zone)).date()
    if person.employed_from is not None and day < person.employed_from:
        return f"This is before their first day, {person.employed_from.isoformat()}."
    if person.employed_to is not None and day > _last_day(person.employed_to, row):
        return f"This is after their last day, {person.employed_to.isoformat()}."
    return ""


def _last_day(last: date, row: FileRow) -> date:
    """Whoever came on the last evening leaves on the morning after."""
    return last if row.direction == Punch.Direction.IN else last + timedelta(days=1)


def _key(person: Person, row: FileRow) -> str:
    if row.id:
        return f"import:#{row.id}"
    return f"import:{person.code}:{row.at.astimezone(UTC).isoformat()}:{row.direction}"


def _known(keys: Sequence[str]) -> _Known:
    held = Punch.objects.filter(idempotency_key__in=keys).order_by()
    return {
        key: (at, way) for key, at, way in held.values_list("idempotency_key", "at", "direction")
    }


def _refuse(answer: Sorted, row: FileRow, reason: str) -> None:
    answer.refused.append(Refused(row.line, row.content, reason))
