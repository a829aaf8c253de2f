"""Everything about one stranger: the visits by day, the crops, and whom it resembles."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from portal.engines.selectors import policy_in_force
from portal.people.selectors import gallery_people_count
from portal.review.models import Anchor
from portal.review.selectors.strangers import StrangerCard, cards_of, visible_stranger
from portal.sightings.models import Visit
from portal.ui.times import day_title

__all__ = ["StrangerPage", "VisitDay", "VisitLine", "stranger_page"]

CROPS: Final = 12
NEAREST: Final = 5
# Whoever came more often than this is no question of looking at single visits.
VISITS: Final = 200


@dataclass(frozen=True, slots=True)
class VisitLine:
    visit: Visit
    crop_id: int | None
    cameras: tuple[str, ...]

    @property
    def lasted(self) -> str:
        """ "8 s", "3 min"."""
        seconds = max(1, round((self.visit.last_at - self.visit.first_at).total_seconds()))
        return f"{seconds} s" if seconds < 90 else f"{round(seconds / 60)} min"


@dataclass(slots=True)
class VisitDay:
    on: date
    title: str
    lines: list[VisitLine] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StrangerPage:
    card: StrangerCard
    days: list[VisitDay]
    more_visits: int
    threshold: float
    zone: str
    # Of whom somebody said that this is not them.
    is_not_count: int


def stranger_page(stranger_id: UUID) -> StrangerPage:
    """Raises ``NotFound`` for one that was merged or lies elsewhere."""
    stranger = visible_stranger(stranger_id)
    (card,) = cards_of([stranger], crops=CROPS, nearest=NEAREST)
    visits = list(
        stranger.visits.select_related("best_face", "camera")
        .prefetch_related("legs__camera")
        .order_by("-first_at")[:VISITS]
    )
    return StrangerPage(
        card=card,
        days=_by_day(visits, zone=stranger.site.time_zone),
        more_visits=max(0, stranger.visit_count - len(visits)),
        threshold=policy_in_force(gallery_people_count()).threshold,
        zone=stranger.site.time_zone,
        is_not_count=Anchor.objects.filter(
            visit__stranger=stranger, kind=Anchor.Kind.NOT_PERSON
        ).count(),
    )


def _by_day(visits: list[Visit], *, zone: str) -> list[VisitDay]:
    where = ZoneInfo(zone)
    today = timezone.localdate(timezone=where)
    days: dict[date, VisitDay] = {}
    for visit in visits:
        on = visit.first_at.astimezone(where).date()
        face = visit.best_face
        line = VisitLine(
            visit=visit,
            crop_id=face.pk if face is not None and face.portrait_key else None,
            cameras=tuple(leg.camera.name for leg in visit.legs.all()) or (visit.camera.name,),
        )
        days.setdefault(on, VisitDay(on, day_title(on, today))).lines.append(line)
    return list(days.values())
