"""What people said afterwards of the names that Gatehouse gave: right, wrong, somebody else.

This is no error rate: a wrong name that nobody noticed counts as one that nobody contradicted.
Public surface: ``observed_names`` with ``Observed``, ``CameraNames``, ``WeekNames``, ``Names``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from portal.calibration.selectors.shares import Share
from portal.core.context import Actor, require
from portal.people.models import FaceImage, Person
from portal.sightings.models import RecognisedFace, Visit
from portal.sightings.selectors.visits import visits_within

__all__ = ["DAYS", "WEEKS", "CameraNames", "Names", "Observed", "WeekNames", "observed_names"]

DAYS: Final = 30
WEEKS: Final = 8
_Settled = Visit.Settled
_MATCH: Final = RecognisedFace.Decision.MATCH
# Of a match that somebody named: the same person after all, or another one.
_SAME, _OTHER = "same", "other"


@dataclass(frozen=True, slots=True)
class Names:
    """Names given, and how many of them a human confirmed, refused, or replaced by another one.

    ``no_face`` were given to what is no face at all.
    """

    given: int = 0
    confirmed: int = 0
    refused: int = 0
    corrected: int = 0
    no_face: int = 0

    @property
    def wrong(self) -> int:
        return self.refused + self.corrected + self.no_face

    @property
    def looked_at(self) -> int:
        return self.confirmed + self.wrong

    @property
    def not_looked_at(self) -> int:
        return self.given - self.looked_at

    @property
    def contradicted(self) -> Share:
        """Wrong ones of all: too few, where nobody noticed."""
        return Share(self.wrong, self.given)

    @property
    def wrong_of_looked_at(self) -> Share:
        """Wrong ones of those that somebody looked at: too many, where doubtful ones are."""
        return Share(self.wrong, self.looked_at)


@dataclass(frozen=True, slots=True)
class CameraNames:
    camera_id: UUID
    camera_name: str
    names: Names


@dataclass(frozen=True, slots=True)
class WeekNames:
    """``start`` is the Monday, by the clocks of the default time zone."""

    start: date
    names: Names


@dataclass(frozen=True, slots=True)
class Observed:
    """``named_by_hand`` passages got no name, and somebody said later that it was a person whose
    photos were in use by then."""

    since: datetime
    total: Names
    cameras: tuple[CameraNames, ...]
    weeks: tuple[WeekNames, ...]
    named_by_hand: int


def observed_names(*, days: int = DAYS) -> Observed:
    """Of passages that began in the last ``days`` within the actor's scope; weeks reach further
    back."""
    actor = require("sightings.view")
    now = timezone.now()
    since = now - timedelta(days=days)
    monday = _monday(now) - timedelta(weeks=WEEKS - 1)
    given = Visit.objects.filter(visits_within(actor), decision=_MATCH).order_by()
    by_camera: dict[tuple[str, UUID], Counter[str]] = defaultdict(Counter)
    rows = given.filter(first_at__gte=since).exclude(settled_as=_Settled.ASSIGNED)
    for name, camera, how, number in rows.values_list(
        "camera__name", "camera_id", "settled_as"
    ).annotate(Count("pk")):
        by_camera[name, camera][how] += number
    starts = [monday + timedelta(weeks=number) for number in range(WEEKS + 1)]
    by_week: dict[date, Counter[str]] = defaultdict(Counter)
    # Counted by bounds and not cut into weeks by the database, which SQLite does a row at a time.
    weeks = {
        f"week_{number}": Count("pk", filter=Q(first_at__gte=start, first_at__lt=end))
        for number, (start, end) in enumerate(pairwise(starts))
    }
    rows = given.filter(first_at__gte=monday).exclude(settled_as=_Settled.ASSIGNED)
    for how, *numbers in rows.values_list("settled_as").annotate(**weeks):
        for start, number in zip(starts, numbers, strict=False):
            by_week[start.date()][how] += number
    for visit, how in _assigned(given.filter(first_at__gte=min(since, monday))):
        if visit["first_at"] >= since:
            by_camera[visit["camera__name"], visit["camera_id"]][how] += 1
        if visit["first_at"] >= monday:
            by_week[_monday(visit["first_at"]).date()][how] += 1
    return Observed(
        since=since,
        total=_names(sum(by_camera.values(), Counter())),
        cameras=tuple(
            CameraNames(camera, name, _names(counts))
            for (name, camera), counts in sorted(by_camera.items())
        ),
        weeks=tuple(
            WeekNames(start.date(), _names(by_week[start.date()])) for start in starts[:WEEKS]
        ),
        named_by_hand=_named_by_hand(actor, since),
    )


def _names(counts: Mapping[str, int]) -> Names:
    return Names(
        given=sum(counts.values()),
        confirmed=counts.get(_Settled.CONFIRMED, 0) + counts.get(_SAME, 0),
        refused=counts.get(_Settled.REFUSED, 0),
        corrected=counts.get(_OTHER, 0),
        no_face=counts.get(_Settled.NOT_A_FACE, 0),
    )


def _assigned(given: QuerySet[Visit]) -> Iterable[tuple[Mapping[str, Any], str]]:
    """Each with whether it is the person whom Gatehouse had named, who may be another's by now."""
    rows = list(
        given.filter(settled_as=_Settled.ASSIGNED).values(
            "first_at", "camera_id", "camera__name", "person_id", "candidates"
        )
    )
    firsts = {str(row["candidates"][0][0]) for row in rows if row["candidates"]}
    merged = {
        str(pk): str(into)
        for pk, into in Person.objects.filter(pk__in=firsts)
        .exclude(merged_into=None)
        .values_list("pk", "merged_into")
    }
    for row in rows:
        first = str(row["candidates"][0][0]) if row["candidates"] else ""
        is_same = str(row["person_id"]) in {first, merged.get(first, "")}
        yield row, _SAME if is_same else _OTHER


def _named_by_hand(actor: Actor, since: datetime) -> int:
    photos = FaceImage.objects.filter(
        person=OuterRef("person"),
        state=FaceImage.State.ACTIVE,
        created_at__lt=OuterRef("first_at"),
    )
    unnamed = Visit.objects.filter(visits_within(actor), first_at__gte=since).exclude(
        decision=_MATCH
    )
    answered = Q(settled_as=_Settled.ASSIGNED) | Q(settled_as=_Settled.CONFIRMED)
    return unnamed.filter(answered).filter(Exists(photos)).count()


def _monday(moment: datetime) -> datetime:
    local = timezone.localtime(moment)
    start = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return start - timedelta(days=start.weekday())
