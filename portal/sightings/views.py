"""The Live page, the Recognise page, one recognition with its reasons, and the private pictures."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal.audit.services import record_view
from portal.cameras.selectors import visible_camera, visible_cameras
from portal.core.context import current_actor
from portal.core.errors import DomainError, NotFound
from portal.core.http import page, picture_response
from portal.core.vault import vault
from portal.engines.selectors import policy_in_force
from portal.jobs.models import Job, JobLine
from portal.jobs.selectors import visible_jobs
from portal.jobs.services import advance_job, create_job, log_line
from portal.people.models import Person
from portal.people.selectors import gallery_people_count, visible_person
from portal.sightings.models import RecognisedFace, Recognition
from portal.sightings.selectors import (
    faces_of,
    faces_of_person,
    latest_faces,
    latest_uploads,
    picture_of,
    visible_face,
    visible_recognition,
)
from portal.sightings.services import submit_picture
from portal.sightings.timeline import by_day
from recognition.intake import reencode_jpeg

__all__ = [
    "crop",
    "detail",
    "live",
    "of_person",
    "picture",
    "recognise",
    "refused",
    "result",
    "start_batch",
    "stream",
    "stream_of",
    "submit",
]

STREAM_LENGTH = 40
TIMELINE_LENGTH = 30
# Large enough to look at, small enough for a phone's connection.
SHOWN_SIDE_PX = 1600


@page("sightings.view")
def live(request: HttpRequest) -> HttpResponse:
    cameras = list(visible_cameras()) if current_actor().may("cameras.view") else []
    context = {**_stream_context(request), "cameras": cameras}
    return render(request, "sightings/live.html", context)


@page("sightings.view")
def stream(request: HttpRequest) -> HttpResponse:
    """The list of faces alone, read again whenever something was recognised."""
    return render(request, "sightings/_stream.html", _stream_context(request))


@page("cameras.view")
def stream_of(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    """One camera's last faces, as a part of that camera's page."""
    camera = visible_camera(camera_id)
    context = {"faces": latest_faces(limit=12, camera_id=camera.pk)}
    return render(request, "sightings/_of_camera.html", context)


def _stream_context(request: HttpRequest) -> dict[str, object]:
    camera, decision = request.GET.get("camera", ""), request.GET.get("decision", "")
    try:
        camera_id = UUID(camera) if camera else None
    except ValueError as error:
        raise NotFound("There is no such camera.") from error
    if decision not in RecognisedFace.Decision.values:
        decision = ""
    return {
        "faces": latest_faces(limit=STREAM_LENGTH, camera_id=camera_id, decision=decision),
        "camera_filter": camera,
        "decision_filter": decision,
        "decisions": RecognisedFace.Decision.choices,
    }


@page("sightings.recognise")
def recognise(request: HttpRequest) -> HttpResponse:
    size = gallery_people_count()
    context = {
        "gallery_size": size,
        "threshold": policy_in_force(size).threshold,
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


@page("sightings.view")
def detail(request: HttpRequest, recognition_id: UUID) -> HttpResponse:
    row = visible_recognition(recognition_id)
    return render(request, "sightings/detail.html", {"row": row, "faces": faces_of(row)})


@page("sightings.view")
def picture(request: HttpRequest, recognition_id: UUID) -> HttpResponse:
    """The whole picture, written anew without EXIF; HEIC and TIFF become JPEG on the way."""
    row = visible_recognition(recognition_id)
    jpeg = vault().get(picture_of(row))
    people = Person.objects.filter(sightings__recognition=row).distinct()
    for target in people or [row]:
        record_view("sightings.picture.viewed", target=target)
    return picture_response(reencode_jpeg(jpeg, max_side_px=SHOWN_SIDE_PX).data)


@page("sightings.view")
def of_person(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """The last sightings of somebody, as a part of that person's page."""
    person = visible_person(person_id)
    zone = person.site.time_zone
    days = by_day(faces_of_person(person.pk, limit=TIMELINE_LENGTH), zone=zone)
    return render(request, "sightings/_of_person.html", {"days": days, "zone": zone})


@page("sightings.view")
def crop(request: HttpRequest, face_id: int) -> HttpResponse:
    face = visible_face(face_id)
    if not face.portrait_key:
        raise NotFound("The crop was deleted after its retention time.")
    record_view("sightings.face.viewed", target=face.person or face.recognition)
    return picture_response(vault().get(face.portrait_key))
