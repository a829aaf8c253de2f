"""What the landing page and the search show, gathered from the other apps' selectors."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from portal.cameras.models import Camera
from portal.cameras.selectors import visible_cameras
from portal.core.context import current_actor, require
from portal.engines.models import WorkerReport
from portal.engines.selectors import live_workers
from portal.people.selectors import enrolled_count, portraits_of, visible_people
from portal.sightings.selectors import FaceView, decision_counts_today, latest_faces
from portal.ui.navigation import NAVIGATION

__all__ = ["SearchEntry", "SearchGroup", "Today", "search", "today"]

HITS = 8


@dataclass(frozen=True, slots=True)
class Today:
    """The landing page's figures, each of what the actor may see: counted, never estimated."""

    enrolled: int
    counts: dict[str, int]
    cameras: list[Camera]
    online: int
    latest: list[FaceView]
    recognition_workers: int
    needs_first_steps: bool

    @property
    def camera_total(self) -> str:
        return str(len(self.cameras))


@dataclass(frozen=True, slots=True)
class SearchEntry:
    url: str
    title: str
    meta: str = ""
    icon: str = ""
    face_url: str = ""


@dataclass(frozen=True, slots=True)
class SearchGroup:
    label: str
    entries: tuple[SearchEntry, ...]


def today() -> Today:
    require("dashboard.view")
    actor = current_actor()
    sees_faces = actor.may("sightings.view")
    sees_cameras = actor.may("cameras.view")
    cameras = list(visible_cameras()) if sees_cameras else []
    enrolled = enrolled_count()
    return Today(
        enrolled=enrolled,
        counts=decision_counts_today() if sees_faces else {},
        cameras=cameras,
        online=sum(camera.health == "online" for camera in cameras),
        latest=latest_faces(limit=12) if sees_faces else [],
        recognition_workers=live_workers(WorkerReport.Role.RECOGNITION),
        needs_first_steps=not enrolled or (sees_cameras and not cameras),
    )


def search(text: str) -> list[SearchGroup]:
    """People by name or code, cameras by name or place, pages by label; each only if allowed."""
    actor = current_actor()
    wanted = text.strip()
    groups = [
        SearchGroup("Pages", _pages(wanted)),
        SearchGroup("People", _people(wanted) if actor.may("people.view") and wanted else ()),
        SearchGroup("Cameras", _cameras(wanted) if actor.may("cameras.view") and wanted else ()),
    ]
    return [group for group in groups if group.entries]


def _pages(wanted: str) -> tuple[SearchEntry, ...]:
    actor = current_actor()
    return tuple(
        SearchEntry(reverse(entry.url_name), entry.label, icon=entry.icon)
        for entry in NAVIGATION
        if actor.may(entry.permission) and wanted.lower() in entry.label.lower()
    )


def _people(wanted: str) -> tuple[SearchEntry, ...]:
    people = list(
        visible_people().filter(Q(name__icontains=wanted) | Q(code__icontains=wanted))[:HITS]
    )
    portraits = portraits_of([person.pk for person in people])
    return tuple(
        SearchEntry(
            reverse("people:detail", args=[person.pk]),
            person.name,
            meta=person.code,
            icon="user",
            face_url=(
                reverse("people:photo", args=[portraits[person.pk]])
                if person.pk in portraits
                else ""
            ),
        )
        for person in people
    )


def _cameras(wanted: str) -> tuple[SearchEntry, ...]:
    rows = visible_cameras().filter(Q(name__icontains=wanted) | Q(place__icontains=wanted))[:HITS]
    return tuple(
        SearchEntry(
            reverse("cameras:detail", args=[row.pk]), row.name, meta=row.place, icon="camera"
        )
        for row in rows
    )
