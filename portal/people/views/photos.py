"""The private photos. Every look at one is written down."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from portal.audit.services import record_view
from portal.core.http import page, picture_response
from portal.core.vault import vault
from portal.people.selectors import visible_photo

__all__ = ["photo"]


@page("people.view")
def photo(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = visible_photo(image_id)
    record_view("people.photo.viewed", target=image.person)
    return picture_response(vault().get(image.portrait_key))
