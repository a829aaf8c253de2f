"""Choosing who somebody is, in a dialog: the likeliest first, then whom a search finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from portal.core.errors import NotFound
from portal.core.http import page
from portal.people.filters import PersonFilter
from portal.people.models import Person
from portal.people.selectors import portraits_of, visible_people
from portal.review.selectors import reviewed_visit, visible_stranger

__all__ = ["Choice", "pick"]

# Enough to find somebody by a few letters of the name.
MOST: Final = 12


@dataclass(frozen=True, slots=True)
class Choice:
    person: Person
    portrait_id: UUID | None
    score: float | None


@page("review.decide")
def pick(request: HttpRequest) -> HttpResponse:
    """For ``?visit=``, for ``?stranger=``, or for whoever is ticked in the grid."""
    query = request.GET.get("q", "").strip()
    target, scores = _target(request)
    people = visible_people()
    if query:
        found = list(PersonFilter(request.GET, queryset=people).qs[:MOST])
    elif scores:
        likely = {str(one.pk): one for one in people.filter(pk__in=list(scores)[:MOST])}
        found = [likely[one] for one in scores if one in likely]
    else:
        found = list(people.order_by("-created_at")[:MOST])
    portraits = portraits_of([one.pk for one in found])
    context = {
        "choices": [Choice(one, portraits.get(one.pk), scores.get(str(one.pk))) for one in found],
        "q": query,
        "target": target,
        "visit": request.GET.get("visit", ""),
        "stranger": request.GET.get("stranger", ""),
        "is_likely": bool(scores) and not query,
    }
    part = "review/_choices.html" if "q" in request.GET else "review/_pick.html"
    return render(request, part, context)


def _target(request: HttpRequest) -> tuple[str, dict[str, float]]:
    """Where a choice is sent, and the scores that are known."""
    try:
        if visit_id := request.GET.get("visit"):
            visit = reviewed_visit(UUID(visit_id))
            # Less whom the page suggests: it is somebody else.
            scores = {str(who): float(score) for who, score in visit.candidates[1:]}
            return reverse("review:name", args=[visit.pk]), scores
        if stranger_id := request.GET.get("stranger"):
            stranger = visible_stranger(UUID(stranger_id))
            scores = {str(who): float(score) for who, score in stranger.candidates}
            return reverse("review:assign", args=[stranger.pk]), scores
    except ValueError as error:
        raise NotFound("There is nothing under this address.") from error
    return reverse("review:bulk", args=["assign"]), {}
