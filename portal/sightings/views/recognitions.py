"""One recognition with its reasons, somebody's last sightings, and the private pictures."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.audit.services import record_view
from portal.core.errors import NotFound
from portal.core.http import page, picture_response
from portal.core.vault import vault
from portal.people.models import Person
from portal.people.selectors import visible_person
from portal.sightings.selectors import (
    faces_of,
    faces_of_person,
    picture_of,
    visible_face,
    visible_recognition,
)
from portal.sightings.timeline import by_day
from recognition.intake import reencode_jpeg

__all__ = ["crop", "detail", "of_person", "picture"]

TIMELINE_LENGTH = 30
# Large enough to look at, small enough for a phone's connection.
SHOWN_SIDE_PX = 1600


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
