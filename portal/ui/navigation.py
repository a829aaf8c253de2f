"""The portal's main navigation: one entry for each place that exists, shown to who may go there.

Public surface: `NAVIGATION`, `NavEntry`, `NavItem`, `count_beside`, `navigation_for`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from django.urls import reverse

__all__ = [
    "NAVIGATION",
    "Count",
    "NavEntry",
    "NavItem",
    "Permitted",
    "count_beside",
    "navigation_for",
]

# What waits at a place for whoever is acting; asked with every page, so it must be cheap.
Count = Callable[[], int]

_COUNTS: Final[dict[str, Count]] = {}


class Permitted(Protocol):
    """What the navigation asks of a user."""

    def has_permission(self, permission: str, /) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NavEntry:
    """One place, before anybody looks at it.

    `match_prefix` is the start of the paths that belong to the place; `/` alone means exactly `/`.
    """

    label: str
    icon: str
    url_name: str
    permission: str
    match_prefix: str
    # Not shown to whoever has this right as well: it leads to better places.
    unless: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    """One place as a user sees it on one page."""

    label: str
    icon: str
    url: str
    is_current: bool
    count: int = 0


NAVIGATION: Sequence[NavEntry] = (
    NavEntry(
        label="Today",
        icon="home",
        url_name="dashboard:today",
        permission="dashboard.view",
        match_prefix="/",
    ),
    NavEntry(
        label="Live",
        icon="activity",
        url_name="sightings:live",
        permission="sightings.view",
        match_prefix="/live",
    ),
    NavEntry(
        label="Alerts",
        icon="bell",
        url_name="alerts:list",
        permission="alerts.view",
        match_prefix="/alerts",
    ),
    NavEntry(
        label="Review",
        icon="user-check",
        url_name="review:queue",
        permission="review.view",
        match_prefix="/review",
    ),
    NavEntry(
        label="Recognise",
        icon="scan-face",
        url_name="sightings:recognise",
        permission="sightings.recognise",
        match_prefix="/recognise",
    ),
    NavEntry(
        label="People",
        icon="users",
        url_name="people:list",
        permission="people.view",
        match_prefix="/people",
    ),
    NavEntry(
        label="Attendance",
        icon="calendar",
        url_name="attendance:month",
        permission="attendance.view",
        match_prefix="/attendance",
    ),
    NavEntry(
        label="Roll-call",
        icon="shield-check",
        url_name="muster:overview",
        permission="muster.view",
        match_prefix="/attendance/roll-call",
    ),
    NavEntry(
        label="Reports",
        icon="file-text",
        url_name="reports:index",
        permission="reports.view",
        match_prefix="/reports",
    ),
    NavEntry(
        label="Cameras",
        icon="camera",
        url_name="cameras:list",
        permission="cameras.view",
        match_prefix="/cameras",
    ),
    NavEntry(
        label="Calibration",
        icon="sliders-horizontal",
        url_name="calibration:overview",
        permission="calibration.view",
        match_prefix="/calibration",
    ),
    NavEntry(
        label="Jobs",
        icon="list-checks",
        url_name="jobs:list",
        permission="jobs.view",
        match_prefix="/jobs",
    ),
    NavEntry(
        label="System",
        icon="server",
        url_name="system:health",
        permission="system.view",
        match_prefix="/system",
    ),
    NavEntry(
        label="Your data",
        icon="user",
        url_name="dashboard:me",
        permission="self.view",
        match_prefix="/me",
        unless="dashboard.view",
    ),
)


def count_beside(url_name: str, count: Count) -> None:
    """Show what ``count`` says beside the entry that leads to ``url_name``; 0 shows nothing."""
    _COUNTS[url_name] = count


def navigation_for(user: Permitted, *, path: str) -> list[NavItem]:
    """The entries that `user` may open, in order; the one that `path` lies in is current."""
    # Of places within one another the inner one.
    current = max(
        (entry.match_prefix for entry in NAVIGATION if _lies_in(path, entry.match_prefix)),
        key=len,
        default="",
    )
    return [
        NavItem(
            label=entry.label,
            icon=entry.icon,
            url=reverse(entry.url_name),
            is_current=entry.match_prefix == current,
            count=_COUNTS[entry.url_name]() if entry.url_name in _COUNTS else 0,
        )
        for entry in NAVIGATION
        if user.has_permission(entry.permission)
        and not (entry.unless and user.has_permission(entry.unless))
    ]


def _lies_in(path: str, prefix: str) -> bool:
    if prefix == "/":
        return path == "/"
    return path == prefix or path.startswith(f"{prefix}/")
