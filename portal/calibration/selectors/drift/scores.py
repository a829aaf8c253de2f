"""Scores of faces that were given, or confirmed to have, their right name: by person and camera.

They are read from the visits each time and kept nowhere else, so that they end with the visits.
Public surface: ``Genuine``, ``DayScore``, ``genuine_scores``, ``by_person``, ``by_camera``,
``together``, ``days_of``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Max, Q

from portal.people.models import FaceImage, FaceTemplate
from portal.sightings.models import RecognisedFace, Visit

__all__ = ["DayScore", "Genuine", "by_camera", "by_person", "days_of", "genuine_scores", "together"]

_Settled: Final = Visit.Settled
_MATCH: Final = RecognisedFace.Decision.MATCH
_Scores = list[tuple[date, float]]


@dataclass(frozen=True, slots=True)
class Genuine:
    """One visit. ``day`` is the site's own; ``camera_id`` is None where several cameras saw it."""

    person_id: UUID
    camera_id: UUID | None
    day: date
    score: float


@dataclass(frozen=True, slots=True)
class DayScore:
    """All visits of one day: they share its light."""

    day: date
    score: float
    faces: int


def genuine_scores(
    space_id: str, *, people: Sequence[UUID] | None = None, cameras: Sequence[UUID] | None = None
) -> list[Genuine]:
    """Oldest first, without those before a person's newest photo, which were compared with others.

    A name counts that was confirmed by several faces and that nobody contradicted, or that somebody
    gave. For workers and for pages that have asked who may see what.
    """
    given = Q(decision=_MATCH, is_confirmed=True, settled_as="")
    confirmed = Q(settled_as__in=[_Settled.CONFIRMED, _Settled.ASSIGNED])
    visits = Visit.objects.filter(given | confirmed, space_id=space_id, person__isnull=False)
    if people is not None:
        visits = visits.filter(person__in=people)
    if cameras is not None:
        visits = visits.filter(camera__in=cameras)
    since = _newest_photos(space_id, people)
    zones: dict[str, ZoneInfo] = {}
    found: list[Genuine] = []
    rows = visits.order_by("first_at").values_list(
        "person_id",
        "camera_id",
        "last_camera_id",
        "first_at",
        "site__time_zone",
        "decision",
        "score",
        "candidates",
    )
    for person, camera, last, at, zone, decision, best, candidates in rows.iterator(2000):
        score = best if decision == _MATCH else _score_of(person, candidates)
        if score is None or person not in since or at < since[person]:
            continue
        local = at.astimezone(zones.setdefault(zone, ZoneInfo(zone)))
        found.append(Genuine(person, camera if camera == last else None, local.date(), score))
    return found


def by_person(scores: Iterable[Genuine]) -> dict[UUID, _Scores]:
    """Each person's days and scores."""
    found: dict[UUID, _Scores] = defaultdict(list)
    for one in scores:
        found[one.person_id].append((one.day, one.score))
    return dict(found)


def by_camera(scores: Iterable[Genuine]) -> dict[UUID, dict[UUID, _Scores]]:
    """Each camera's days and scores by person, each person's about their own mean there: other
    people in front of it are no change of the camera."""
    rows: dict[UUID, dict[UUID, _Scores]] = defaultdict(lambda: defaultdict(list))
    for one in scores:
        if one.camera_id is not None:
            rows[one.camera_id][one.person_id].append((one.day, one.score))
    found: dict[UUID, dict[UUID, _Scores]] = {}
    for camera, people in rows.items():
        mean = _mean([score for own in people.values() for _, score in own])
        found[camera] = {
            person: [(day, score - usual + mean) for day, score in own]
            for person, own in people.items()
            # Of whom there is one visit nothing is known but that they came.
            if len(own) > 1
            for usual in [_mean([score for _, score in own])]
        }
    return found


def together(people: Mapping[UUID, _Scores]) -> _Scores:
    """Of all people at one camera."""
    return [row for own in people.values() for row in own]


def days_of(scores: Iterable[tuple[date, float]]) -> list[DayScore]:
    """Means by day, oldest first."""
    days: dict[date, list[float]] = defaultdict(list)
    for day, score in scores:
        days[day].append(score)
    return [DayScore(day, _mean(own), len(own)) for day, own in sorted(days.items())]


def _newest_photos(space_id: str, people: Sequence[UUID] | None) -> dict[UUID, datetime]:
    templates = FaceTemplate.objects.filter(space_id=space_id, image__state=FaceImage.State.ACTIVE)
    if people is not None:
        templates = templates.filter(person__in=people)
    newest = templates.order_by().values("person_id").annotate(newest=Max("created_at"))
    return dict(newest.values_list("person_id", "newest"))


def _score_of(person_id: UUID, candidates: Iterable[tuple[str, float]]) -> float | None:
    """None for somebody whom the search did not even bring."""
    return next((score for key, score in candidates if key == str(person_id)), None)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
