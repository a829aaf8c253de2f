"""One's own data: the page of whoever has no other, and the pictures on it."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.audit.services import record_view
from portal.core.http import page, picture_response
from portal.core.vault import vault
from portal.dashboard.me import own_data, own_photo, own_sighting

__all__ = ["me", "my_photo", "my_sighting"]


@page("self.view")
def me(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboard/me.html", {"own": own_data()})


@page("self.view")
def my_photo(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = own_photo(image_id)
    record_view("self.photo.viewed", target=image.person)
    return picture_response(vault().get(image.portrait_key))


@page("self.view")
def my_sighting(request: HttpRequest, face_id: int) -> HttpResponse:
    face = own_sighting(face_id)
    record_view("self.sighting.viewed", target=face.person or face)
    return picture_response(vault().get(face.portrait_key))
