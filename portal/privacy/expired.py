"""Which rows are past their time, per category: asked by the purge and by its dry run alike.

A legal hold wins everywhere: nothing of a person under one is in any of these.
Public surface: ``EXPIRED``, ``invited_drafts``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from portal.calibration.models import DriftFinding, WhatIf, WhatIfChange
from portal.enrolment.models import Enrolment
from portal.facesearch.models import FaceSearch
from portal.jobs.models import Job
from portal.people.models import Consent, FaceImage, Person
from portal.sightings.models import RecognisedFace, Recognition

__all__ = ["EXPIRED", "invited_drafts"]


def drafts(before: datetime) -> QuerySet[Enrolment]:
    """Those behind an invitation end with its link (``purge_invitations``)."""
    return _enrolments(Enrolment.State.DRAFT).filter(invitation=None, created_at__lt=before)


def invited_drafts() -> QuerySet[Enrolment]:
    """What ``purge_invitations`` deletes: photos behind a link whose own life is over."""
    return _enrolments(Enrolment.State.DRAFT).filter(invitation__expires_at__lte=timezone.now())


def submissions(before: datetime) -> QuerySet[Enrolment]:
    sent_in = Q(invitation__used_at__lt=before) | Q(invitation=None, created_at__lt=before)
    return _enrolments(Enrolment.State.SUBMITTED).filter(sent_in)


def pictures(before: datetime) -> QuerySet[Recognition]:
    return results(before).exclude(picture_key="")


def unknown_crops(before: datetime) -> QuerySet[RecognisedFace]:
    return RecognisedFace.objects.filter(person=None, recognition__created_at__lt=before).exclude(
        portrait_key="", aligned_key=""
    )


def results(before: datetime) -> QuerySet[Recognition]:
    held = RecognisedFace.objects.filter(
        Q(person__legal_hold=True) | Q(visit__person__legal_hold=True), recognition=OuterRef("pk")
    )
    return Recognition.objects.filter(~Exists(held), created_at__lt=before)


def jobs(before: datetime) -> QuerySet[Job]:
    return Job.objects.filter(finished_at__lt=before)


def left(before: datetime) -> QuerySet[Person]:
    """Somebody without a last day counts from when they were marked as left."""
    last_day = Q(employed_to__lt=timezone.localdate(before)) | Q(
        employed_to=None, updated_at__lt=before
    )
    return _with_faces().filter(last_day, status=Person.Status.LEFT)


def idle(before: datetime) -> QuerySet[Person]:
    return (
        _with_faces()
        .filter(status__in=Person.LIVING)
        .annotate(last=Coalesce("last_interaction_at", "created_at"))
        .filter(last__lt=before)
    )


def searches(before: datetime) -> QuerySet[FaceSearch]:
    return FaceSearch.objects.filter(created_at__lt=before)


def drift(before: datetime) -> QuerySet[DriftFinding]:
    """What is still open is about how things are now."""
    return DriftFinding.objects.filter(closed_at__lt=before).exclude(person__legal_hold=True)


def what_ifs(before: datetime) -> QuerySet[WhatIf]:
    held = WhatIfChange.objects.filter(
        Q(before_person__legal_hold=True) | Q(after_person__legal_hold=True),
        what_if=OuterRef("pk"),
    )
    return WhatIf.objects.filter(~Exists(held), created_at__lt=before)


def removed(before: datetime) -> QuerySet[Person]:
    """People whose removal can no longer be undone."""
    now = timezone.now()
    return (
        Person.objects.filter(status=Person.Status.REMOVED, legal_hold=False, updated_at__lt=before)
        .exclude(acts__expires_at__gte=now, acts__undone_at=None)
        .exclude(acts_beside__expires_at__gte=now, acts_beside__undone_at=None)
    )


EXPIRED: Final[dict[str, Callable[[datetime], QuerySet[Any]]]] = {
    "drafts": drafts,
    "submissions": submissions,
    "pictures": pictures,
    "unknown_crops": unknown_crops,
    "results": results,
    "jobs": jobs,
    "left": left,
    "idle": idle,
    "removed": removed,
    "searches": searches,
    "drift": drift,
    "what_ifs": what_ifs,
}


def _enrolments(state: str) -> QuerySet[Enrolment]:
    return Enrolment.objects.filter(state=state).exclude(person__legal_hold=True)


def _with_faces() -> QuerySet[Person]:
    """People of whom a face or the consent for one is still kept, less those under a hold."""
    images = FaceImage.objects.filter(person=OuterRef("pk"))
    consents = Consent.objects.filter(person=OuterRef("pk"), withdrawn_at=None)
    return Person.objects.filter(Exists(images) | Exists(consents), legal_hold=False)
