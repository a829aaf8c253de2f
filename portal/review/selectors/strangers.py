"""Strangers as the grid shows them: best crops, cameras, and whom they resemble."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import F, QuerySet, Sum, Window
from django.db.models.functions import RowNumber

from portal.core.context import require
from portal.core.errors import NotFound
from portal.people.selectors import PersonName, names_of, portraits_of
from portal.review.models import Stranger
from portal.review.selectors.reach import within_sites
from portal.sightings.models import Visit, VisitLeg

__all__ = ["Nearest", "StrangerCard", "cards_of", "visible_stranger", "visible_strangers"]

CROPS_A_CARD: Final = 4
NEAREST_A_CARD: Final = 3


@dataclass(frozen=True, slots=True)
class Nearest:
    """Somebody enrolled whom a stranger resembles."""

    person: PersonName
    score: float
    portrait_id: UUID | None


@dataclass(frozen=True, slots=True)
class StrangerCard:
    stranger: Stranger
    crop_ids: tuple[int, ...]
    face_count: int
    cameras: tuple[str, ...]
    nearest: tuple[Nearest, ...]
    person: PersonName | None


def visible_strangers() -> QuerySet[Stranger]:
    """Seen last first."""
    actor = require("review.view")
    rows = Stranger.objects.filter(within_sites(actor), visit_count__gt=0)
    return rows.select_related("site").order_by("-last_at", "-id")


def visible_stranger(stranger_id: UUID) -> Stranger:
    stranger = visible_strangers().filter(pk=stranger_id).first()
    if stranger is None:
        raise NotFound(
            "There is no such stranger: it was merged with another one, or deleted after the "
            "retention time."
        )
    return stranger


def cards_of(
    strangers: Sequence[Stranger], *, crops: int = CROPS_A_CARD, nearest: int = NEAREST_A_CARD
) -> list[StrangerCard]:
    """Everything that a grid says of these, in as many questions for one as for fifty."""
    ids = [stranger.pk for stranger in strangers]
    faces: dict[UUID, int] = dict(
        Visit.objects.filter(stranger__in=ids)
        .order_by()
        .values_list("stranger")
        .annotate(total=Sum("faces_seen"))
    )
    shown = _crops(ids, most=crops)
    cameras = _cameras(ids)
    resembled = {str(one[0]) for stranger in strangers for one in stranger.candidates[:nearest]}
    resembled |= {str(stranger.person_id) for stranger in strangers if stranger.person_id}
    names = names_of(resembled) if resembled else {}
    portraits = portraits_of({UUID(one) for one in names}) if names else {}
    return [
        StrangerCard(
            stranger=stranger,
            crop_ids=tuple(shown.get(stranger.pk, ())),
            face_count=faces.get(stranger.pk, 0),
            cameras=tuple(cameras.get(stranger.pk, ())),
            nearest=tuple(
                Nearest(names[str(who)], float(score), portraits.get(UUID(str(who))))
                for who, score in stranger.candidates[:nearest]
                if str(who) in names
            ),
            person=names.get(str(stranger.person_id)) if stranger.person_id else None,
        )
        for stranger in strangers
    ]


def _crops(stranger_ids: Iterable[UUID], *, most: int) -> dict[UUID, list[int]]:
    """Per stranger the best faces of the visits with the most to go by."""
    rows = (
        Visit.objects.filter(stranger__in=list(stranger_ids), best_face__isnull=False)
        .exclude(best_face__portrait_key="")
        .annotate(
            place=Window(
                RowNumber(),
                partition_by=[F("stranger")],
                order_by=[F("faces_usable").desc(), F("id").desc()],
            )
        )
        .filter(place__lte=most)
        .order_by("place")
        .values_list("stranger", "best_face")
    )
    found: dict[UUID, list[int]] = {}
    for stranger, face in rows:
        found.setdefault(stranger, []).append(face)
    return found


def _cameras(stranger_ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    rows = (
        VisitLeg.objects.filter(visit__stranger__in=list(stranger_ids))
        .order_by("camera__name")
        .values_list("visit__stranger", "camera__name")
        .distinct()
    )
    found: dict[UUID, list[str]] = {}
    for stranger, name in rows:
        found.setdefault(stranger, []).append(name)
    return found
