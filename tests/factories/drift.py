"""People and cameras whose scores are known day by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from portal.people.models import FaceImage, FaceTemplate, Person
from tests.factories.people import SpaceFactory
from tests.factories.visits import VisitFactory

__all__ = ["aged", "fell", "scored_days"]


def aged(person: Person, *, days: int = 60) -> Person:
    """Enrolled so long ago: scores count from then on."""
    at = timezone.now() - timedelta(days=days)
    FaceImage.objects.filter(person=person).update(created_at=at)
    FaceTemplate.objects.filter(person=person).update(created_at=at)
    return person


def scored_days(
    person: Person,
    scores: Sequence[float],
    *,
    camera: Any,
    until: datetime | None = None,
    space: Any = None,
) -> None:
    """One right name a day, the last of them ``until`` (yesterday)."""
    end = until or timezone.now() - timedelta(days=1)
    for number, score in enumerate(scores):
        VisitFactory(
            camera=camera,
            person=person,
            space=space or SpaceFactory(),
            first_at=end - timedelta(days=len(scores) - 1 - number),
            decision="match",
            reason="above_threshold",
            is_confirmed=True,
            score=score,
            candidates=[[str(person.pk), score]],
        )


def fell(*, before: float = 0.72, after: float = 0.58, days: int = 12) -> list[float]:
    """So many days at the one, then as many at the other, each with its own light."""
    light = [0.012 * ((k * 7) % 5 - 2) for k in range(days)]
    return [*(before + one for one in light), *(after + one for one in light)]
