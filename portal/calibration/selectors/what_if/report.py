"""The outcome of a what-if in words and rows, with the names joined.

Public surface: ``Report``, ``report_of``, ``headline``, and the rows in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from portal.calibration.models import WhatIf
from portal.cameras.models import Camera
from portal.cameras.selectors import visible_cameras
from portal.core.context import current_actor, require
from portal.organisation.models import Site
from portal.people.selectors import PersonName, names_of
from portal.ui.scores import percentage

__all__ = ["CameraRow", "DayRow", "PersonDay", "PersonRow", "Report", "headline", "report_of"]

_PEOPLE: Final = 50
_DAYS: Final = 50


@dataclass(frozen=True, slots=True)
class PersonRow:
    person: PersonName
    gains: int
    loses: int


@dataclass(frozen=True, slots=True)
class CameraRow:
    """``camera_id`` is empty, and ``name`` says so, for photos that no camera sent."""

    camera_id: str
    name: str
    decided: int
    appears: int
    disappears: int
    changes: int
    kind: int
    # Names that change, as a share of the camera with the most, for the bar.
    share: str


@dataclass(frozen=True, slots=True)
class DayRow:
    day: date
    decided: int
    appears: int
    disappears: int
    changes: int
    kind: int

    @property
    def names(self) -> int:
        return self.appears + self.disappears + self.changes


@dataclass(frozen=True, slots=True)
class PersonDay:
    """First and last sighting of somebody on a day, before and after, as the site's clock had
    them; None where there is none. ``effect`` is "lost", "gained", "first" or "last"."""

    person: PersonName
    day: date
    site: str
    effect: str
    before: tuple[datetime, datetime] | None
    after: tuple[datetime, datetime] | None

    @property
    def words(self) -> str:
        return _EFFECTS[self.effect]

    @property
    def before_words(self) -> str:
        return _clock(self.before)

    @property
    def after_words(self) -> str:
        return _clock(self.after)


@dataclass(frozen=True, slots=True)
class Report:
    """``hidden_people`` have changes, and names that the actor may not see or that are gone."""

    summary: Mapping[str, Any]
    headline: str
    people: tuple[PersonRow, ...]
    hidden_people: int
    cameras: tuple[CameraRow, ...]
    days: tuple[DayRow, ...]
    person_days: tuple[PersonDay, ...]
    attendance: str
    left_out: tuple[str, ...]

    @property
    def more_days(self) -> int:
        """Person-days that are not in ``person_days``."""
        affected: int = self.summary["attendance"]["affected"]
        return affected - len(self.person_days)

    @property
    def review_hint(self) -> str:
        review = self.summary["review"]
        return f"{review['before']:,} then: {review['joins']:,} join, {review['leaves']:,} leave"

    @property
    def changes_nothing(self) -> bool:
        return not any(self.summary["changes"].values())


def report_of(what_if: WhatIf) -> Report:
    require("calibration.view")
    summary = what_if.summary
    days = summary["attendance"]["days"][:_DAYS]
    wanted = {one["id"] for one in summary["people"]} | {one["person"] for one in days}
    names = names_of(wanted) if wanted and current_actor().may("people.view") else {}
    people = [
        PersonRow(names[one["id"]], one["gains"], one["loses"])
        for one in summary["people"]
        if one["id"] in names
    ]
    return Report(
        summary=summary,
        headline=headline(summary["changes"]),
        people=tuple(people[:_PEOPLE]),
        hidden_people=summary["people_count"] - len(people[:_PEOPLE]),
        cameras=_cameras(summary["cameras"]),
        days=tuple(_day(one) for one in summary["days"]),
        person_days=_person_days(days, names),
        attendance=_attendance(summary["attendance"]),
        left_out=_left_out(summary["left_out"]),
    )


def headline(changes: Mapping[str, int]) -> str:
    """ "12 names would disappear, 2 would appear, none would change." """
    gone, new, other = changes["disappears"], changes["appears"], changes["changes"]
    if not gone and not new and not other:
        return "No name would appear, disappear or change."
    lost = f"{gone:,} name{'' if gone == 1 else 's'}" if gone else "No names"
    return f"{lost} would disappear, {_count(new)} would appear, {_count(other)} would change."


def _cameras(found: list[dict[str, Any]]) -> tuple[CameraRow, ...]:
    ids = [one["id"] for one in found if one["id"]]
    cameras = (
        visible_cameras() if current_actor().may("cameras.view") else Camera.objects.none()
    ).filter(pk__in=ids)
    named = {str(pk): name for pk, name in cameras.values_list("pk", "name")}
    named[""] = "Photos without a camera"
    most = max((_names(one) for one in found), default=0) or 1
    return tuple(
        CameraRow(
            camera_id=one["id"],
            name=named[one["id"]],
            **{key: one[key] for key in _COUNTS},
            share=percentage(_names(one) / most),
        )
        for one in found
        if one["id"] in named
    )


_COUNTS: Final = ("decided", "appears", "disappears", "changes", "kind")


def _names(one: Mapping[str, int]) -> int:
    return one["appears"] + one["disappears"] + one["changes"]


def _day(one: Mapping[str, Any]) -> DayRow:
    return DayRow(date.fromisoformat(one["id"]), **{key: one[key] for key in _COUNTS})


def _person_days(
    days: list[dict[str, Any]], names: Mapping[str, PersonName]
) -> tuple[PersonDay, ...]:
    sites = {str(site.pk): site for site in Site.objects.filter(pk__in={d["site"] for d in days})}
    return tuple(
        PersonDay(
            person=names[one["person"]],
            day=date.fromisoformat(one["day"]),
            site=sites[one["site"]].name,
            effect=one["effect"],
            before=_times(one["before"], sites[one["site"]]),
            after=_times(one["after"], sites[one["site"]]),
        )
        for one in days
        if one["person"] in names and one["site"] in sites
    )


def _times(found: list[str] | None, site: Site) -> tuple[datetime, datetime] | None:
    if found is None:
        return None
    zone = ZoneInfo(site.time_zone)
    first, last = (datetime.fromisoformat(one).astimezone(zone) for one in found)
    return first, last


def _attendance(found: Mapping[str, int]) -> str:
    if not found["affected"]:
        return "Nobody's day would begin or end at another time."
    said = []
    if lost := found["lost"]:
        said.append(f"{_days(lost)} would lose {_its(lost)} only sighting")
    if gained := found["gained"]:
        said.append(f"{_count(gained) if said else _days(gained)} would gain one")
    if moved := found["affected"] - lost - gained:
        said.append(f"{_count(moved) if said else _days(moved)} would begin or end at another time")
    return f"{', '.join(said)}."


_EFFECTS: Final = {
    "lost": "Their only sighting disappears",
    "gained": "Seen on a day without any sighting",
    "first": "The first sighting moves",
    "last": "The last sighting moves",
}


def _clock(times: tuple[datetime, datetime] | None) -> str:
    if times is None:
        return "not seen"
    first, last = (f"{one:%H:%M}" for one in times)
    return first if first == last else f"{first} to {last}"


def _days(number: int) -> str:
    return f"{_count(number)} person-day{'' if number == 1 else 's'}"


def _its(number: int) -> str:
    return "its" if number == 1 else "their"


_LEFT_OUT: Final = {
    "settled": "somebody has decided about already",
    "poor": "were too poor to be compared",
    "spoof": "were taken for a picture or mask",
    "person_gone": "were of somebody who must not be recognised any more",
    "gone": "were of somebody who was erased since",
    "named_stranger": "have the name that somebody gave a stranger",
    "other_space": "were decided by another model",
}


def _left_out(found: Mapping[str, int]) -> tuple[str, ...]:
    ordered = sorted(found.items(), key=lambda item: -item[1])
    return tuple(f"{number:,} {_LEFT_OUT.get(why, why)}" for why, number in ordered if number)


def _count(number: int) -> str:
    return "none" if number == 0 else f"{number:,}"
