"""Reads of rosters: their state, their rows with names joined, their counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from portal.core.context import EVERYTHING, require
from portal.core.errors import NotFound
from portal.people.selectors import PersonName, names_of
from portal.roster.columns import FIELDS
from portal.roster.models import RosterImport, RosterPhoto, RosterRow
from portal.roster.sheets import MAX_ROWS

__all__ = [
    "Counts",
    "RowView",
    "counts_of",
    "row_views",
    "rows_of",
    "stray_photos",
    "visible_roster",
    "visible_rosters",
]

_LABELS = {kind.key: kind.label.lower() for kind in FIELDS} | {"status": "brought back"}


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by outcome and photos by verdict."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    photos: dict[str, int] | None = None

    @property
    def rows(self) -> int:
        return self.new + self.changed + self.unchanged + self.refused

    @property
    def effective(self) -> int:
        """Rows that change something."""
        return self.new + self.changed

    def photo(self, verdict: str) -> int:
        return (self.photos or {}).get(verdict, 0)

    @property
    def photos_waiting(self) -> int:
        return self.photo(RosterPhoto.Verdict.WAITING)

    @property
    def photos_used(self) -> int:
        return self.photo(RosterPhoto.Verdict.USED)

    @property
    def photos_enrolled(self) -> int:
        return self.photo(RosterPhoto.Verdict.ENROLLED)

    @property
    def photos_refused(self) -> int:
        return self.photo(RosterPhoto.Verdict.REFUSED) + self.photo(RosterPhoto.Verdict.SET_ASIDE)

    @property
    def photos_unclaimed(self) -> int:
        return self.photo(RosterPhoto.Verdict.UNCLAIMED)


@dataclass(frozen=True, slots=True)
class RowView:
    """A row as the table and the report show it."""

    row: RosterRow
    name: str
    changes: str
    photos: tuple[RosterPhoto, ...]
    notes: tuple[str, ...]

    @property
    def good_photos(self) -> int:
        kinds = RosterPhoto.Verdict
        return sum(p.verdict in {kinds.WAITING, kinds.ENROLLED, kinds.USED} for p in self.photos)


def visible_rosters() -> QuerySet[RosterImport]:
    """All of them; for an actor whose rights end somewhere, their own."""
    actor = require("people.import")
    rosters = RosterImport.objects.select_related("job", "act", "default_site")
    if actor.scope == EVERYTHING:
        return rosters
    return rosters.filter(actor_kind=actor.kind, actor_id=actor.id)


def visible_roster(roster_id: UUID) -> RosterImport:
    roster = visible_rosters().filter(pk=roster_id).first()
    if roster is None:
        raise NotFound("There is no such import, or it was deleted after its time.")
    return roster


def rows_of(roster: RosterImport, *, outcome: str = "", text: str = "") -> QuerySet[RosterRow]:
    """By outcome, or with ``photos`` those whose photos need a look; ``text`` looks in the codes,
    and for a number among the lines."""
    require("people.import")
    rows = roster.rows.all()
    if outcome in RosterRow.Outcome.values:
        rows = rows.filter(outcome=outcome)
    elif outcome == "photos":
        bad = [RosterPhoto.Verdict.REFUSED, RosterPhoto.Verdict.SET_ASIDE]
        with_photos = roster.photos.filter(verdict__in=bad, row__isnull=False).values("row")
        rows = rows.filter(pk__in=with_photos)
    text = text.strip()[:60]
    if text:
        condition = Q(code__icontains=text) | Q(reason__icontains=text)
        is_line = text.isdecimal() and len(text) <= len(str(MAX_ROWS)) + 1
        rows = rows.filter(condition | Q(line=int(text)) if is_line else condition)
    return rows


def row_views(rows: Sequence[RosterRow]) -> list[RowView]:
    """With the names of who is still known; two queries."""
    require("people.import")
    photos: dict[int, list[RosterPhoto]] = {}
    for photo in RosterPhoto.objects.filter(row__in=[row.pk for row in rows]):
        photos.setdefault(photo.row_id or 0, []).append(photo)
    people = {str(row.person_id) for row in rows if row.person_id}
    people |= {str(p.other_id) for found in photos.values() for p in found if p.other_id}
    names = names_of(people) if people else {}
    views = []
    for row in rows:
        person = names.get(str(row.person_id))
        own = tuple(photos.get(row.pk, ()))
        views.append(
            RowView(
                row=row,
                name=str(row.fields.get("name", "")) or (person.name if person else ""),
                changes=", ".join(_LABELS.get(name, name) for name in row.changes),
                photos=own,
                notes=tuple(_note(photo, names) for photo in own if photo.reason),
            )
        )
    return views


def _note(photo: RosterPhoto, names: Mapping[str, PersonName]) -> str:
    other = names.get(str(photo.other_id)) if photo.other_id else None
    whose = f" It is {other.name}." if other else ""
    return f"{photo.name}: {photo.reason}{whose}"


def stray_photos(roster: RosterImport, *, limit: int = 200) -> list[RosterPhoto]:
    """Photos that nobody claims, and files that are none."""
    require("people.import")
    return list(roster.photos.filter(row=None)[:limit])


def counts_of(roster: RosterImport) -> Counts:
    require("people.import")
    outcomes = dict(roster.rows.order_by().values_list("outcome").annotate(number=Count("id")))
    verdicts = dict(roster.photos.order_by().values_list("verdict").annotate(number=Count("id")))
    return Counts(**outcomes, photos=verdicts)
