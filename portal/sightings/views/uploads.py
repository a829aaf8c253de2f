"""The Recognise page: photos one by one or as a batch, and their results."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal.core.context import current_actor
from portal.core.errors import DomainError, NotFound
from portal.core.http import page
from portal.engines.selectors import deciding
from portal.jobs.models import Job, JobLine
from portal.jobs.selectors import visible_jobs
from portal.jobs.services import advance_job, create_job, log_line
from portal.people.selectors import gallery_people_count
from portal.sightings.models import Recognition
from portal.sightings.selectors import faces_of, latest_uploads, visible_recognition
from portal.sightings.services import submit_picture

__all__ = ["recognise", "refused", "result", "start_batch", "submit"]


@page("sightings.recognise")
def recognise(request: HttpRequest) -> HttpResponse:
    size = gallery_people_count()
    found = deciding(size)
    context = {
        "gallery_size": size,
        "threshold": found.policy.threshold,
        "rule": found.rule,
        "recent": latest_uploads(),
    }
    return render(request, "sightings/recognise.html", context)


@page("sightings.recognise")
@require_POST
def start_batch(request: HttpRequest) -> HttpResponse:
    """A job for several photos that are sent one after the other, so that they can be left."""
    try:
        total = int(request.POST.get("total", "0"))
    except ValueError:
        total = 0
    if not 2 <= total <= 500:
        raise DomainError(
            "A batch has 2 to 500 photos. Drop fewer at once.", code="request.batch_size"
        )
    job = create_job(kind=Job.Kind.RECOGNISE_PHOTOS, title=f"Recognise {total} photos", total=total)
    return JsonResponse({"job": str(job.pk), "url": reverse("jobs:detail", args=[job.pk])})


@page("sightings.recognise")
@require_POST
def submit(request: HttpRequest) -> HttpResponse:
    """One photo from the Recognise page; answers with the address of its result card."""
    upload = request.FILES.get("image")
    if upload is None:
        raise DomainError("No file was sent. Choose a photo first.", code="image.missing")
    job = _own_job(request.POST.get("job", ""))
    row = submit_picture(
        upload.read(),
        source=Recognition.Source.UPLOAD,
        file_name=upload.name or "",
        job_id=job.pk if job else None,
    )
    return JsonResponse(
        {"id": str(row.pk), "url": reverse("sightings:result", args=[row.pk])}, status=202
    )


@page("sightings.recognise")
@require_POST
def refused(request: HttpRequest) -> HttpResponse:
    """A photo of a batch that was never accepted still counts as one that came to an end."""
    job = _own_job(request.POST.get("job", ""))
    if job is None or job.is_finished:
        raise NotFound("There is no such running job.")
    name, reason = request.POST.get("name", "")[:120], request.POST.get("reason", "")[:300]
    log_line(job.pk, f"{name}: {reason}", level=JobLine.Level.WARNING)
    advance_job(job.pk, failed=1)
    return JsonResponse({}, status=202)


def _batches() -> QuerySet[Job]:
    """Only batches of photos are advanced from here, and only by whom they belong to."""
    return visible_jobs().filter(
        kind=Job.Kind.RECOGNISE_PHOTOS, actor_label=current_actor().label[:254]
    )


def _own_job(job_id: str) -> Job | None:
    try:
        return _batches().filter(pk=UUID(job_id)).first() if job_id else None
    except ValueError:
        return None


@page("sightings.view")
def result(request: HttpRequest, recognition_id: UUID) -> HttpResponse:
    """One photo's result as a card; read again when its event arrives."""
    row = visible_recognition(recognition_id)
    return render(request, "sightings/_result.html", {"row": row, "faces": faces_of(row)})
