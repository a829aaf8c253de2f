"""From the cells of a line to one punch: what can be told without the database.

Public surface: ``FileRow``, ``LineReader``, ``Refused``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from portal.attendance.models import Punch
from portal.attendance.services.punch_import_moments import Clock, Unreadable, instant_in
from portal.core.errors import DomainError
from portal.core.sheets import SheetRow, normalised

__all__ = ["FileRow", "LineReader", "Refused"]

_IN: Final = frozenset(
    {"in", "i", "entry", "enter", "entered", "arrive", "arrival", "arrived", "checkin", "clockin",
     "cin", "signin", "timein", "punchin", "come", "coming", "kommt", "kommen", "entree",
     "entrada", "ingresso"}
)  # fmt: skip
_OUT: Final = frozenset(
    {"out", "o", "exit", "leave", "leaving", "left", "departure", "departed", "checkout",
     "clockout", "cout", "signout", "timeout", "punchout", "go", "going", "geht", "gehen", "sortie",
     "salida", "saida", "uscita"}
)  # fmt: skip
_UNTOLD: Final = frozenset({"", "unknown", "none", "both", "any", "na"})
# Whoever brings more was not asked for a day, but typed another century or swapped its parts.
_OLDEST: Final = timedelta(days=3653)
# Two clocks are never quite the same.
_AHEAD: Final = timedelta(minutes=1)
_LONGEST_ID: Final = 100


@dataclass(frozen=True, slots=True)
class FileRow:
    """A line that is sound by itself; whose it is is not known yet."""

    line: int
    content: str
    code: str
    at: datetime
    direction: str
    place: str
    id: str


@dataclass(frozen=True, slots=True)
class Refused:
    line: int
    content: str
    reason: str


class LineReader:
    """Reads line by line, remembering no more of each than a few bytes that tell it again.

    ``ends_whole`` is whether the file's last line ended as lines do.
    """

    def __init__(
        self,
        columns: Mapping[str, int],
        clock: Clock,
        *,
        now: datetime,
        width: int,
        ends_whole: bool,
    ) -> None:
        self._columns, self._clock = columns, clock
        self._now, self._width, self._ends_whole = now, width, ends_whole
        self._before: SheetRow | None = None
        self._seen: dict[int, int] = {}

    def read(self, rows: Iterator[SheetRow]) -> Iterator[FileRow | Refused]:
        """Each line as it is, or why not. What comes after quotes that do not pair is one refusal;
        another refusal of the whole file is raised."""
        held: SheetRow | None = None
        try:
            for row in rows:
                if held is not None:
                    yield self._one(held)
                held = row
        except DomainError as error:
            line = error.data.get("line")
            if line is None:
                raise
            if held is not None:
                yield self._one(held)
            yield Refused(int(line), "", f"{error.message} Nothing from this line on was read.")
            return
        if held is not None:
            yield self._one(held, is_last=True)

    def _one(self, row: SheetRow, *, is_last: bool = False) -> FileRow | Refused:
        content = " | ".join(row.cells)[:300]
        try:
            if is_last and not self._ends_whole and self._is_cut_off(row):
                raise Unreadable(
                    "The file ends in the middle of this line, without an end of line: it seems "
                    "to be cut off. Export it again; what is above this line is good."
                )
            return self._sound(row, content)
        except Unreadable as error:
            return Refused(row.line, content, str(error)[:300])
        finally:
            self._before = row

    def _is_cut_off(self, row: SheetRow) -> bool:
        """Fewer cells than a line has here, or a moment or an id that is shorter than the others."""
        usual = self._before
        if row.given < (self._width if usual is None else usual.given):
            return True
        last = row.given - 1
        is_told_by_length = last in {self._columns.get(name) for name in ("at", "id")}
        return (
            usual is not None
            and is_told_by_length
            and len(row.cells[last]) < len(usual.cells[last])
        )

    def _sound(self, row: SheetRow, content: str) -> FileRow:
        if row.fault:
            raise Unreadable(row.fault)
        cells = {field: row.cells[column] for field, column in self._columns.items()}
        if not cells["code"]:
            raise Unreadable("There is no code, so nobody knows whose time it is.")
        at = instant_in(cells["at"], self._clock, day=cells.get("date"))
        if at > self._now + _AHEAD:
            raise Unreadable("This moment lies in the future.")
        if at < self._now - _OLDEST:
            raise Unreadable(
                "This moment lies more than ten years back. Is the year right, and the order of "
                "day and month?"
            )
        if len(cells.get("id", "")) > _LONGEST_ID:
            raise Unreadable(f"The id has more than {_LONGEST_ID} characters.")
        found = FileRow(
            line=row.line,
            content=content,
            code=cells["code"][:41],
            at=at,
            direction=_direction(cells.get("direction", "")),
            place=cells.get("place", "")[:120],
            id=cells.get("id", ""),
        )
        first = self._seen.setdefault(_fingerprint(found), row.line)
        if first != row.line:
            same = "id" if found.id else "person, time and direction"
            raise Unreadable(f"Line {first} has the same {same}.")
        return found


def _direction(text: str) -> str:
    said = normalised(text)
    if said in _IN:
        return Punch.Direction.IN
    if said in _OUT:
        return Punch.Direction.OUT
    if said in _UNTOLD:
        return Punch.Direction.UNKNOWN
    raise Unreadable(f"“{text[:40]}” is no direction; expected in, out, or nothing.")


def _fingerprint(row: FileRow) -> int:
    """64 bits: of 250,000 lines two are taken for one by chance in 1 of 600 million files."""
    text = f"#{row.id}" if row.id else f"{row.code.casefold()}|{_stamp(row.at)}|{row.direction}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
