"""The ledger of a span, some rows at a time, as a replay reads it. For workers: nobody is asked.

Public surface: ``PastVisit``, ``PastFace``, ``Past``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import F, Max, Min

from portal.sightings.models import RecognisedFace, Visit, VisitLeg

__all__ = ["Past", "PastFace", "PastVisit"]

# Keys are made in the order of time, by clocks that may differ a little.
_CLOCKS_APART: Final = timedelta(minutes=5)


class PastVisit(NamedTuple):
    """A visit as it stands in the database; a plain tuple, for there are many."""

    id: UUID
    site_id: UUID
    camera_id: UUID
    first_at: datetime
    last_at: datetime
    decision: str
    reason: str
    person_id: UUID | None
    threshold: float | None
    candidates: list[Any]
    space_id: str | None
    settled_as: str


class PastFace(NamedTuple):
    """A row of the ledger, with when and where its picture was taken."""

    id: int
    captured_at: datetime
    camera_id: UUID | None
    decision: str
    reason: str
    person_id: UUID | None
    candidates: list[Any]
    space_id: str | None
    visit_id: UUID | None


class Past:
    """What happened from ``from_at`` until before ``to_at``, by primary key and never all at once.

    Visits count by when they began, faces by when their picture was taken.
    """

    def __init__(self, from_at: datetime, to_at: datetime, *, at_once: int) -> None:
        self._span = from_at, to_at
        self._at_once = at_once
        floor = UUID(int=int((from_at - _CLOCKS_APART).timestamp() * 1000) << 80)
        ends = RecognisedFace.objects.filter(recognition_id__gte=floor).aggregate(
            first=Min("pk"), last=Max("pk")
        )
        self._faces: tuple[int, int] = (ends["first"] or 1, ends["last"] or 0)
        self._visits = Visit.objects.filter(
            pk__gte=floor, first_at__gte=from_at, first_at__lt=to_at
        ).order_by("pk")

    @property
    def parts(self) -> int:
        """How many times ``visits`` and ``faces`` will hand out rows, as far as can be told."""
        first, last = self._faces
        return -(-self._visits.count() // self._at_once) + -(-(last - first + 1) // self._at_once)

    def visits(self) -> Iterator[list[PastVisit]]:
        visits = self._visits
        while rows := list(visits.values_list(*PastVisit._fields)[: self._at_once]):
            yield [PastVisit(*row) for row in rows]
            visits = self._visits.filter(pk__gt=rows[-1][0])

    def faces(self) -> Iterator[list[PastFace]]:
        """By ranges of keys and nothing else: asked for a span, a database would begin with the
        pictures, and sort them all for every part."""
        from_at, to_at = self._span
        first, last = self._faces
        while first <= last:
            rows = RecognisedFace.objects.filter(pk__gte=first, pk__lt=first + self._at_once)
            found = (PastFace(*row) for row in rows.order_by("pk").values_list(*_FACE))
            yield [face for face in found if from_at <= face.captured_at < to_at]
            first += self._at_once

    def attended(self, visits: Sequence[PastVisit]) -> dict[UUID, tuple[datetime, datetime]]:
        """From when until when cameras that count for attendance saw each; the others' passages
        are nobody's coming or going, as in the attendance itself."""
        legs = VisitLeg.objects.filter(
            visit__in=[visit.id for visit in visits], camera__is_for_attendance=True
        )
        spans = legs.order_by().values("visit_id").annotate(Min("first_at"), Max("last_at"))
        rows = spans.values_list("visit_id", "first_at__min", "last_at__max")
        return {visit_id: (first_at, last_at) for visit_id, first_at, last_at in rows}

    def decided_at(self, visits: Sequence[PastVisit]) -> dict[UUID, UUID]:
        """The camera by whose threshold each was decided, where it is not the first that saw it:
        a visit may go on at another one, and the ledger's rows tell at which threshold."""
        legs = VisitLeg.objects.filter(visit__in=[visit.id for visit in visits])
        went_on = {*legs.exclude(camera=F("visit__camera")).values_list("visit_id", flat=True)}
        known = {visit.id: visit for visit in visits if visit.id in went_on}
        rows = RecognisedFace.objects.filter(visit__in=known, recognition__camera__isnull=False)
        at: dict[UUID, set[UUID]] = {}
        for visit_id, camera_id, threshold in rows.order_by("pk").values_list(
            "visit_id", "recognition__camera_id", "recognition__threshold"
        ):
            if threshold == known[visit_id].threshold:
                at.setdefault(visit_id, set()).add(camera_id)
        return {
            visit_id: min(cameras)
            for visit_id, cameras in at.items()
            if known[visit_id].camera_id not in cameras
        }


_FACE: Final = (
    "id",
    "recognition__captured_at",
    "recognition__camera_id",
    "decision",
    "reason",
    "person_id",
    "candidates",
    "recognition__space_id",
    "visit_id",
)
