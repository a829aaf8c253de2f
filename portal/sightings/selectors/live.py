"""What the Live page reads: visits by filter and from where it left off, camera tiles, counts.

Public surface: ``VisitFilter``, ``STATES``, ``state_of``, ``visits_newest``, ``visits_after``,
``visits_before``, ``visits_changed``, ``visits_among``, ``CameraTile``, ``camera_tiles``,
``in_view_count``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery, UUIDField
from django.utils import timezone

from portal.cameras.models import Camera, CameraHealth
from portal.cameras.selectors import visible_cameras
from portal.core.context import current_actor
from portal.sightings.models import RecognisedFace, Visit, VisitLeg
from portal.sightings.selectors.visits import VisitView, view_of, visible_visits

__all__ = [
    "STATES",
    "CameraTile",
    "VisitFilter",
    "camera_tiles",
    "in_view_count",
    "state_of",
    "visits_after",
    "visits_among",
    "visits_before",
    "visits_changed",
    "visits_newest",
]

_Decision = RecognisedFace.Decision
_Settled = Visit.Settled

_NAMED = (_Settled.CONFIRMED, _Settled.ASSIGNED)
_UNSETTLED = Q(settled_as="")

# What a visit can be filtered by: the word, and the condition that is ``state_of``'s twin.
STATES: Final[dict[str, tuple[str, Q]]] = {
    "provisional": (
        "Provisional",
        _UNSETTLED & Q(decision=_Decision.MATCH, is_confirmed=False),
    ),
    "confirmed": (
        "Confirmed",
        (_UNSETTLED & Q(decision=_Decision.MATCH, is_confirmed=True)) | Q(settled_as__in=_NAMED),
    ),
    "uncertain": ("Uncertain", _UNSETTLED & Q(decision=_Decision.UNCERTAIN)),
    "unknown": (
        "Unknown",
        (_UNSETTLED & Q(decision=_Decision.UNKNOWN)) | Q(settled_as=_Settled.REFUSED),
    ),
    "poor": ("Too poor", _UNSETTLED & Q(decision=_Decision.POOR)),
    "spoof": ("Spoof", _UNSETTLED & Q(decision=_Decision.SPOOF)),
    "not_a_face": ("Not a face", Q(settled_as=_Settled.NOT_A_FACE)),
}
# Several at once: the Today page's figures lead here.
_GROUPS: Final = {"match": STATES["provisional"][1] | STATES["confirmed"][1]}

# A face that was seen this long ago has hardly left the picture.
_IN_VIEW: Final = timedelta(seconds=10)
_FACES_A_TILE: Final = 3
# The streams say every few seconds how a camera is; a word older than this is not to be trusted.
_STALE: Final = timedelta(seconds=60)


def state_of(visit: Visit) -> str:
    """One of ``STATES``: what the decision and a human's word on it come to."""
    if visit.settled_as == _Settled.NOT_A_FACE:
        return "not_a_face"
    if visit.settled_as in _NAMED:
        return "confirmed"
    if visit.settled_as == _Settled.REFUSED:
        return "unknown"
    if visit.decision == _Decision.MATCH:
        return "confirmed" if visit.is_confirmed else "provisional"
    return visit.decision


@dataclass(frozen=True, slots=True)
class VisitFilter:
    """What of the visits is wanted; empty parts limit nothing. ``state`` is one of ``STATES``, or
    ``match`` for whoever was named."""

    camera_id: UUID | None = None
    site_id: UUID | None = None
    state: str = ""
    search: str = ""

    def visits(self) -> QuerySet[Visit]:
        """Newest first, within the actor's scope, with what a row shows."""
        visits = (
            visible_visits()
            .select_related("best_face__recognition")
            .prefetch_related("legs__camera")
        )
        if self.camera_id is not None:
            visits = visits.filter(legs__camera=self.camera_id)  # one leg a visit and camera
        if self.site_id is not None:
            visits = visits.filter(site=self.site_id)
        if self.state in STATES:
            visits = visits.filter(STATES[self.state][1])
        elif self.state in _GROUPS:
            visits = visits.filter(_GROUPS[self.state])
        if self.search:
            visits = visits.filter(
                Q(person__name__icontains=self.search) | Q(person__code__iexact=self.search)
            )
        return visits


def visits_newest(wanted: VisitFilter, *, limit: int) -> list[VisitView]:
    return view_of(list(wanted.visits()[:limit]))


def visits_before(wanted: VisitFilter, visit_id: UUID, *, limit: int) -> list[VisitView]:
    """Those that began before one, newest first."""
    return view_of(list(wanted.visits().filter(pk__lt=visit_id)[:limit]))


def visits_after(
    wanted: VisitFilter, visit_id: UUID, *, limit: int, count_to: int
) -> tuple[list[VisitView], int]:
    """Those that began after one, oldest first, so that a reader who asks on misses none; and how
    many more there are, counted up to ``count_to``."""
    later = wanted.visits().filter(pk__gt=visit_id).order_by("pk")
    rows = list(later[: limit + 1])
    more = 0
    if len(rows) > limit:
        more = later[limit : limit + count_to].count()
    return view_of(rows[:limit]), more


def visits_changed(
    wanted: VisitFilter, since: datetime, *, first_id: UUID, limit: int
) -> tuple[list[VisitView], bool]:
    """Those from ``first_id`` on that changed at ``since`` or later, in the order of their
    changes; and whether there are more."""
    changed = wanted.visits().filter(changed_at__gte=since, pk__gte=first_id)
    rows = list(changed.order_by("changed_at", "pk")[: limit + 1])
    return view_of(rows[:limit]), len(rows) > limit


def visits_among(wanted: VisitFilter, ids: Iterable[UUID]) -> list[VisitView]:
    """Of these the ones that match, newest first; the others are simply not in the answer."""
    return view_of(list(wanted.visits().filter(pk__in=set(ids))))


@dataclass(frozen=True, slots=True)
class CameraTile:
    """A camera with its last visits. ``state`` is one that ``portal.ui.states`` draws."""

    camera: Camera
    state: str
    label: str
    visits: tuple[VisitView, ...]

    @property
    def is_troubled(self) -> bool:
        """Whether somebody should look after it."""
        return self.state in {"silent", "offline"}


def camera_tiles() -> list[CameraTile]:
    """Every camera of the actor's sites; none for whoever may see no cameras."""
    if not current_actor().may("cameras.view"):
        return []
    # The newest legs are the last of a camera's index: no history is read for it.
    legs = VisitLeg.objects.filter(camera=OuterRef("pk")).order_by("-id").values("visit_id")
    cameras = list(
        visible_cameras()
        .select_related("status")
        .annotate(
            **{
                f"visit_{n}": Subquery(legs[n : n + 1], output_field=UUIDField())
                for n in range(_FACES_A_TILE)
            }
        )
    )
    wanted = [[getattr(camera, f"visit_{n}") for n in range(_FACES_A_TILE)] for camera in cameras]
    shown = {
        view.id: view
        for view in visits_among(VisitFilter(), [one for ids in wanted for one in ids if one])
    }
    return [
        CameraTile(camera, *_condition(camera), tuple(shown[one] for one in ids if one in shown))
        for camera, ids in zip(cameras, wanted, strict=True)
    ]


def in_view_count() -> int:
    """Visits whose face was seen in the last seconds."""
    recent = timezone.now() - _IN_VIEW
    return visible_visits().filter(closed_at=None, last_at__gte=recent).count()


_LIVE_STATES: Final = {
    CameraHealth.State.CONNECTING: ("connecting", ""),
    CameraHealth.State.ONLINE: ("online", ""),
    CameraHealth.State.OFFLINE: ("offline", ""),
    CameraHealth.State.REFUSED: ("offline", "Refused"),
    CameraHealth.State.RESTING: ("resting", ""),
}


def _condition(camera: Camera) -> tuple[str, str]:
    """How a camera is, as a state and a word of its own where the state's would not do."""
    if not camera.is_enabled or not camera.is_live:
        return camera.health, ""
    status: CameraHealth | None = getattr(camera, "status", None)
    if status is None:
        return "never_seen", ""
    if timezone.now() - status.updated_at > _STALE:
        return "silent", ""
    return _LIVE_STATES[CameraHealth.State(status.state)]
