"""A look through the gallery: asked for as a job, and its outcome written down as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from portal.core.context import require
from portal.core.events import GalleryChanged, publish_on_commit
from portal.hygiene.models import Finding, Scan
from portal.hygiene.services.pairs import FoundPair, keep_pairs
from portal.jobs.dispatch import dispatch_on_commit
from portal.jobs.models import Job
from portal.jobs.services import create_job
from portal.people.models import FaceImage, Person

__all__ = ["Found", "ask_for_scan", "record_scan"]

# Scans older than these tell nobody anything.
_KEPT_SCANS = 30


@dataclass(frozen=True, slots=True)
class Found:
    """One finding, as ``hygiene.Finding`` keeps it."""

    kind: str
    person_id: UUID
    image_id: UUID | None = None
    beside_id: UUID | None = None
    other_id: UUID | None = None
    score: float | None = None
    other_score: float | None = None
    count: int = 0


@transaction.atomic
def ask_for_scan() -> Job:
    """Have the recognition worker look; one that is asked for and not finished is answered with."""
    require("people.manage")
    waiting = Job.objects.filter(
        kind=Job.Kind.HYGIENE, state__in=[Job.State.QUEUED, Job.State.RUNNING]
    ).first()
    if waiting is None:
        waiting = create_job(kind=Job.Kind.HYGIENE, title="Look through the gallery")
    dispatch_on_commit("hygiene.scan", str(waiting.pk))
    return waiting


@transaction.atomic
def record_scan(
    *,
    space_id: str,
    revision: int,
    ceiling: float,
    people: int,
    photos: int,
    found: Sequence[Found],
    pairs: Sequence[FoundPair],
    job: Job | None = None,
) -> Scan:
    """Replace what the last scan found; answers stay, and whoever is gone meanwhile is left out."""
    living = set(Person.objects.filter(status=Person.Status.ACTIVE).values_list("pk", flat=True))
    kept = set(FaceImage.objects.values_list("pk", flat=True))
    _keep_findings([one for one in found if _still_holds(one, living, kept)])
    keep_pairs(
        [p for p in pairs if {p.first_id, p.second_id} <= living],
        space_id=space_id,
        ceiling=ceiling,
    )
    scan = Scan.objects.create(
        job=job,
        space_id=space_id,
        people=people,
        photos=photos,
        ceiling=ceiling,
        revision=revision,
    )
    former = Scan.objects.order_by("-id").values_list("pk", flat=True)[_KEPT_SCANS:]
    Scan.objects.filter(pk__in=list(former)).delete()
    # Open pages look again; who is recognised has not changed.
    publish_on_commit("people", GalleryChanged(type="gallery.changed", revision=revision))
    return scan


def _still_holds(one: Found, living: set[UUID], kept: set[UUID]) -> bool:
    people = {one.person_id, one.other_id} - {None}
    images = {one.image_id, one.beside_id} - {None}
    return people <= living and images <= kept


def _keep_findings(found: Sequence[Found]) -> None:
    rows = Finding.objects.exclude(dismissed_at=None)
    answered = {(row.kind, _about(row)) for row in rows}
    Finding.objects.filter(dismissed_at=None).delete()
    Finding.objects.bulk_create(
        Finding(
            kind=one.kind,
            person_id=one.person_id,
            image_id=one.image_id,
            beside_id=one.beside_id,
            other_id=one.other_id,
            score=one.score,
            other_score=one.other_score,
            count=one.count,
        )
        for one in found
        if (one.kind, _about(one)) not in answered
    )


def _about(one: Found | Finding) -> UUID:
    """The photo, or without one the person."""
    return one.person_id if one.image_id is None else one.image_id
