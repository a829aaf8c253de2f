"""One visit: why somebody was or was not recognised, with every number that led to it."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

from portal.core.context import current_actor
from portal.core.errors import NotFound
from portal.core.http import is_partial, page
from portal.people.selectors import portraits_of
from portal.sightings.models import Visit
from portal.sightings.reasons import explain, quality_words
from portal.sightings.rows import rows_of
from portal.sightings.selectors import visit_faces
from portal.sightings.selectors.live import VisitFilter, visits_among

__all__ = ["visit"]

NEAREST = 5


@page("sightings.view")
def visit(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """The page, or for htmx the part of it that changes while the visit goes on."""
    rows = rows_of(visits_among(VisitFilter(), [visit_id]))
    if not rows:
        raise NotFound("There is no such visit, or it was deleted after its retention time.")
    (row,) = rows
    nearest = row.view.nearest[:NEAREST]
    photos = portraits_of(UUID(who.id) for who, _ in nearest)
    face = row.visit.best_face
    context = {
        "row": row,
        "visit": row.visit,
        "sentences": explain(row),
        "nearest": [(who, score, photos.get(UUID(who.id))) for who, score in nearest],
        "faces": visit_faces(row.visit),
        "quality": quality_words(face.quality) if face is not None and row.face_id else [],
        "stranger_url": _stranger_url(row.visit),
    }
    template = "sightings/_visit_detail.html" if is_partial(request) else "sightings/visit.html"
    return render(request, template, context)


def _stranger_url(visit: Visit) -> str:
    """The page on which the unknown person's visits are reviewed together."""
    if visit.stranger_id is None or not current_actor().may("review.view"):
        return ""
    try:
        return reverse("review:stranger", args=[visit.stranger_id])
    except NoReverseMatch:
        return ""
