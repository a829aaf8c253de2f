"""The Today board as the page shows it: its tiles, its rows, and the rows of its lists.

Public surface: ``BoardPage``, ``ListPage``, ``board_page``, ``list_page``, ``ListQuery``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.urls import NoReverseMatch, reverse

from portal.attendance.models import AttendanceDay
from portal.attendance.selectors.today import (
    Board,
    BoardMember,
    Bucket,
    Counts,
    board,
    members_of,
    people_of,
)
from portal.attendance.words import StatusWord, status_word, wall_time
from portal.core.context import current_actor
from portal.dashboard.arrivals import ArrivalChart, arrival_chart
from portal.people.models import Person
from portal.people.selectors import portraits_of
from portal.schedules.models import Shift

__all__ = [
    "BoardLine",
    "BoardPage",
    "Cell",
    "ListPage",
    "ListQuery",
    "ListRow",
    "Style",
    "Tile",
    "board_page",
    "list_page",
]

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Style:
    label: str
    icon: str
    tone: str
    # What it means, in a sentence.
    meaning: str


LISTS: Final[Mapping[Bucket, Style]] = {
    Bucket.EXPECTED: Style("Expected", "calendar", "", "Have a shift today, leave taken off."),
    Bucket.CAME: Style("Came", "user-check", "match", "Were seen coming, or leaving, today."),
    Bucket.ON_SITE: Style(
        "On site now", "door-open", "accent", "Came and have not left, night shifts included."
    ),
    Bucket.LATE: Style("Late", "clock", "uncertain", "Came later than their shift allows."),
    Bucket.NOT_ARRIVED: Style(
        "Not arrived", "help-circle", "uncertain", "Their shift is running and nobody saw them."
    ),
    Bucket.PENDING: Style(
        "Pending",
        "loader",
        "neutral",
        "Not seen, but not every camera has reported yet: nothing is said of them.",
    ),
    Bucket.ABSENT: Style(
        "Absent", "user-x", "danger", "Did not come, and every camera has reported."
    ),
    Bucket.ON_LEAVE: Style("On leave", "sun", "neutral", "Have leave for the whole day."),
    Bucket.INCOMPLETE: Style(
        "Incomplete", "alert-triangle", "uncertain", "Only one end of their day was seen."
    ),
    Bucket.TO_COME: Style("Still to come", "clock", "neutral", "Their shift has not begun."),
    Bucket.UNSCHEDULED: Style(
        "Without a shift", "tag", "neutral", "Came on a day on which they have no shift."
    ),
}
_TILES: Final = (
    Bucket.EXPECTED,
    Bucket.CAME,
    Bucket.ON_SITE,
    Bucket.LATE,
    Bucket.NOT_ARRIVED,
    Bucket.PENDING,
    Bucket.ABSENT,
    Bucket.ON_LEAVE,
    Bucket.INCOMPLETE,
)


@dataclass(frozen=True, slots=True)
class Tile:
    bucket: Bucket
    style: Style
    count: int
    url: str
    hint: str


@dataclass(frozen=True, slots=True)
class Cell:
    label: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class BoardLine:
    """A site (``depth`` 0) or one of its departments."""

    name: str
    note: str
    depth: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class BoardPage:
    board: Board
    tiles: tuple[Tile, ...]
    columns: tuple[str, ...]
    lines: tuple[BoardLine, ...]
    chart: ArrivalChart | None
    # Asked for only where there is nothing else to say.
    has_shifts: bool
    shifts_url: str

    @property
    def is_empty(self) -> bool:
        return self.board.is_empty


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What of the board is listed, as an address says it; nonsense is taken for nothing."""

    bucket: Bucket
    site_id: UUID | None = None
    department_id: UUID | None = None
    has_no_department: bool = False
    search: str = ""

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> ListQuery:
        bucket = query.get("list", "")
        department = query.get("department", "")
        return cls(
            bucket=Bucket(bucket) if bucket in {*Bucket} else Bucket.EXPECTED,
            site_id=_uuid(query.get("site", "")),
            department_id=_uuid(department),
            has_no_department=department == "none",
            search=query.get("q", "").replace("\0", "").strip()[:80],
        )


@dataclass(frozen=True, slots=True)
class ListRow:
    member: BoardMember
    portrait_id: UUID | None
    status: StatusWord
    shift: str
    # By the clock of the site.
    since: str
    since_at: datetime | None
    note: str
    seen_at: str

    @property
    def person(self) -> Person:
        return self.member.person


@dataclass(frozen=True, slots=True)
class ListPage:
    query: ListQuery
    style: Style
    page: Page[Person]
    rows: tuple[ListRow, ...]
    has_several_sites: bool


def board_page(now: datetime) -> BoardPage:
    found = board(now)
    return BoardPage(
        board=found,
        tiles=tuple(
            Tile(bucket, LISTS[bucket], found.counts[bucket], _url(bucket), _hint(bucket, found))
            for bucket in _TILES
        ),
        columns=tuple(LISTS[bucket].label for bucket in _TILES),
        lines=tuple(_lines(found)),
        chart=arrival_chart(found.arrivals),
        has_shifts=not found.is_empty or Shift.objects.exists(),
        shifts_url=_shifts_url(),
    )


def list_page(query: ListQuery, now: datetime, *, number: str | None) -> ListPage:
    people = people_of(
        query.bucket,
        now,
        site_id=query.site_id,
        department_id=query.department_id,
        has_no_department=query.has_no_department,
        search=query.search,
    )
    page = Paginator(people, PAGE).get_page(number)
    members = members_of(query.bucket, list(page), now)
    portraits = (
        portraits_of(member.person.pk for member in members)
        if current_actor().may("people.view")
        else {}
    )
    return ListPage(
        query=query,
        style=LISTS[query.bucket],
        page=page,
        rows=tuple(_row(member, portraits.get(member.person.pk)) for member in members),
        has_several_sites=len({member.person.site_id for member in members}) > 1,
    )


def _lines(found: Board) -> Sequence[BoardLine]:
    lines = []
    is_one = len(found.sites) == 1
    for site in found.sites:
        where = {"site": str(site.site_date.site.pk)}
        note = f"{site.site_date.today:%A} {site.site_date.today.day} {site.site_date.today:%B}"
        lines.append(BoardLine(site.site_date.site.name, note, 0, _cells(site.counts, **where)))
        for each in site.departments:
            if each.department is None and is_one and len(site.departments) == 1:
                continue  # nobody belongs to a department: the site's own line says it all
            key = str(each.department.pk) if each.department else "none"
            lines.append(
                BoardLine(
                    each.department.path if each.department else "No department",
                    "",
                    1,
                    _cells(each.counts, **where, department=key),
                )
            )
    return lines


def _cells(counts: Counts, **where: str) -> tuple[Cell, ...]:
    return tuple(
        Cell(LISTS[bucket].label, counts[bucket], _url(bucket, **where)) for bucket in _TILES
    )


def _hint(bucket: Bucket, found: Board) -> str:
    counts = found.counts
    if bucket is Bucket.EXPECTED and (to_come := counts[Bucket.TO_COME]):
        return f"{to_come:,} still to come"
    if bucket is Bucket.CAME and (without := counts[Bucket.UNSCHEDULED]):
        return f"{without:,} without a shift"
    if bucket is Bucket.ON_SITE and found.perhaps_on_site:
        return f"{found.perhaps_on_site:,} of them perhaps"
    return ""


def _row(member: BoardMember, portrait_id: UUID | None) -> ListRow:
    day = member.day
    came = day.first_in or day.last_out
    at = came or day.start
    shifts = [each.shift.shift.name for each in member.days if each.shift is not None]
    return ListRow(
        member=member,
        portrait_id=portrait_id,
        status=status_word(day.status),
        shift=", ".join(shifts),
        since=f"{'' if came else 'Due '}{_clock(at, day)}" if at is not None else "",
        since_at=at,
        note=f"{day.late_min} min late" if day.late_min else "",
        seen_at=_clock(member.seen.at, day) if member.seen is not None else "",
    )


def _clock(moment: datetime, day: AttendanceDay) -> str:
    return wall_time(moment, day.zone, on=day.work_date)


def _url(bucket: Bucket, **where: str) -> str:
    return f"{reverse('dashboard:people')}?{urlencode({'list': str(bucket), **where})}"


def _shifts_url() -> str:
    if not current_actor().may("schedules.view"):
        return ""
    try:
        return reverse("schedules:shifts")
    except NoReverseMatch:
        return ""


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
