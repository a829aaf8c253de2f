"""Names to confirm: one visit at a time, or many in a list."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.core.context import current_actor
from portal.core.http import is_partial, page
from portal.review.selectors import (
    Suggestion,
    enrolled_photos,
    names_to_confirm,
    reviewed_visits,
    suggestions,
)

__all__ = ["desk", "queue"]

# Beside the desk stands what comes next, in the list what can be ticked at once.
NEXT: Final = 12
LISTED: Final = 60


@page("review.view")
def queue(request: HttpRequest) -> HttpResponse:
    """``?at=`` is the visit that is looked at, ``?after=`` one that was skipped, ``?mode=list`` the
    list for many at once."""
    is_list = request.GET.get("mode") == "list"
    context = (
        listed()
        if is_list
        else desk(_uuid(request.GET.get("at", "")), after=_uuid(request.GET.get("after", "")))
    )
    if is_partial(request):
        part = "review/_list.html" if is_list else "review/_desk.html"
        return render(request, part, context)
    return render(request, "review/queue.html", {**context, "mode": "list" if is_list else "desk"})


def listed() -> dict[str, Any]:
    visits = names_to_confirm()
    return {"rows": suggestions(list(visits[:LISTED])), "total": visits.count()}


def desk(at: UUID | None = None, *, after: UUID | None = None) -> dict[str, Any]:
    """The visit ``at`` if it still waits, else the one that follows ``after``, else the first.

    ``overtaken`` is the visit ``at`` where somebody else decided on it in the meantime.
    """
    waiting = names_to_confirm()
    total = waiting.count()
    overtaken = _overtaken(at)
    start = None if overtaken else at
    follows = after or (at if overtaken else None)
    rows = list(waiting.filter(pk__lte=start)[:NEXT]) if start else []
    if not rows and follows:
        rows = list(waiting.filter(pk__lt=follows)[:NEXT])
    if not rows:
        rows = list(waiting[:NEXT])
    found = suggestions(rows)
    current = found[0] if found else None
    return {
        "current": current,
        "photos": enrolled_photos(current.person.id) if current and current.person else [],
        "following": found[1:],
        "total": total,
        "overtaken": overtaken,
    }


def _overtaken(at: UUID | None) -> Suggestion | None:
    if at is None:
        return None
    visits = [
        visit
        for visit in reviewed_visits([at])
        if visit.settled_as and visit.settled_by != current_actor().label[:254]
    ]
    return suggestions(visits)[0] if visits else None


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value) if value else None
    except ValueError:
        return None
