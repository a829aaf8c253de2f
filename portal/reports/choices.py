"""What somebody asks of a report: dates, place, people, shift and status, as an address holds them.

Public surface: ``Choices``, ``choices_of``. Unknown and impossible values are refused in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from portal.attendance.engine import Status
from portal.core.errors import DomainError
from portal.organisation.models import Department, Site
from portal.organisation.selectors import visible_departments, visible_sites
from portal.reports.spans import LONGEST_DAYS, Span, dates_of
from portal.schedules.models import Shift

__all__ = ["FIELDS", "Choices", "choices_of", "today_of", "visible_shifts"]

FIELDS: Final = ("span", "first", "last", "site", "department", "person", "shift", "status")
_LONGEST_NAME: Final = 120
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """``zone`` names today where the dates were asked for in words. ``person`` is a code, a part
    of a name, or the id that a link gave."""

    first: date
    last: date
    span: str
    zone: str
    site: Site | None = None
    department: Department | None = None
    shift: Shift | None = None
    person: str = ""
    status: str = ""

    @property
    def dates(self) -> str:
        if self.first == self.last:
            return f"{self.first:%A %-d %B %Y}"
        if self.first.year == self.last.year:
            return f"{self.first:%-d %B} to {self.last:%-d %B %Y}"
        return f"{self.first:%-d %B %Y} to {self.last:%-d %B %Y}"

    def parameters(self, *, in_words: bool = True) -> dict[str, str]:
        """As an address or a saved report holds them. ``in_words`` keeps “last month” as that."""
        found = {"span": self.span}
        if self.span == Span.DATES or not in_words:
            found = {
                "span": Span.DATES.value,
                "first": self.first.isoformat(),
                "last": self.last.isoformat(),
            }
        for name in ("site", "department", "shift"):
            if row := getattr(self, name):
                found[name] = str(row.pk)
        return found | {n: v for n in ("person", "status") if (v := getattr(self, n))}

    def words(self, person: str = "") -> tuple[tuple[str, str], ...]:
        """What was asked for, for the head of a file. ``person`` names whom the id is of."""
        said = [("Dates", self.dates)]
        said.append(("Site", self.site.name if self.site else "All that may be seen"))
        if self.department:
            said.append(("Department", f"{self.department.path} and below"))
        if self.person:
            said.append(("Person", person or self.person))
        if self.shift:
            said.append(("Shift", self.shift.name))
        if self.status:
            said.append(("Status", self.status.replace("_", " ").capitalize()))
        return tuple(said)

    def of_person(self, person_id: UUID) -> Choices:
        return replace(self, person=str(person_id))


def choices_of(
    given: Mapping[str, str], *, default_span: str = Span.LAST_WEEK, now: datetime | None = None
) -> Choices:
    """Read an address or what was saved. Sites and departments are those of the actor alone.
    Raises ``DomainError`` ``report.choice``."""
    text = {name: str(given.get(name) or "").strip() for name in FIELDS}
    site = _row(visible_sites(), text["site"], "site")
    department = _row(visible_departments(), text["department"], "department")
    zone = _zone_of(site or (department.site if department else None))
    span = text["span"] or (Span.DATES.value if text["first"] else default_span)
    first, last = _dates(span, text, today_of(zone, now))
    if text["status"] and text["status"] not in set(Status):
        raise _refused("This status is not one that a day can have. Choose one from the list.")
    return Choices(
        first=first,
        last=last,
        span=span,
        zone=zone,
        site=site,
        department=department,
        shift=_row(visible_shifts(), text["shift"], "shift"),
        person=text["person"][:_LONGEST_NAME],
        status=text["status"],
    )


def today_of(zone: str, now: datetime | None = None) -> date:
    return (now or timezone.now()).astimezone(ZoneInfo(zone)).date()


def _zone_of(site: Site | None) -> str:
    """Of the chosen site, else of the only one that the actor has, else the installation's."""
    if site is not None:
        return site.time_zone
    zones = set(visible_sites().order_by().values_list("time_zone", flat=True)[:50])
    return zones.pop() if len(zones) == 1 else timezone.get_default_timezone_name()


def _dates(span: str, text: Mapping[str, str], today: date) -> tuple[date, date]:
    if span not in Span.values:
        raise _refused("These dates cannot be read. Choose “last month”, or give two dates.")
    if span != Span.DATES:
        return dates_of(span, today)
    try:
        first = date.fromisoformat(text["first"])
        last = date.fromisoformat(text["last"] or text["first"])
    except ValueError:
        raise _refused(
            "These dates cannot be read. Give both as year, month and day, such as 2026-10-01."
        ) from None
    if last < first:
        raise _refused("The last day lies before the first one.")
    if (last - first).days >= LONGEST_DAYS:
        raise _refused("A report covers a year at most. Choose fewer days.")
    if not 2000 <= first.year <= last.year <= 2200:
        raise _refused("A report covers days from 2000 to 2200.")
    return first, last


def _row(rows: QuerySet[M], text: str, what: str) -> M | None:
    if not text:
        return None
    try:
        found = rows.filter(pk=UUID(text)).first()
    except ValueError:
        found = None
    if found is None:
        raise _refused(f"There is no such {what}, or it is not one of yours.")
    return found


def _refused(message: str) -> DomainError:
    return DomainError(message, code="report.choice")


def visible_shifts() -> QuerySet[Shift]:
    """Those of all sites and of the actor's."""
    return Shift.objects.filter(Q(site=None) | Q(site__in=visible_sites())).order_by("name")
