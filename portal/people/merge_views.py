"""Choosing the other one of two people: to merge them, or to give a photo to."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.core.errors import DomainError
from portal.core.http import is_partial, page
from portal.journal.notices import tell, with_undo
from portal.people import services
from portal.people.filters import PersonFilter
from portal.people.models import LookalikePair, Person
from portal.people.selectors import (
    photos_of,
    portraits_of,
    visible_people,
    visible_person,
    visible_photo,
)

__all__ = ["merge", "move_photo", "pick"]

# Enough to find somebody by a few letters of the name.
MOST = 20


@page("people.manage")
def pick(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Whom this person may be the same as."""
    person = visible_person(person_id)
    rows = [
        (other, portrait, reverse("people:merge_into", args=[other.pk, person.pk]))
        for other, portrait in _candidates(request, person)
    ]
    context = {"person": person, "rows": rows, "q": request.GET.get("q", "")}
    template = "people/_pick_merge.html" if is_partial(request) else "people/merge_pick.html"
    return render(request, template, context)


@page("people.manage")
@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest, source_id: UUID, target_id: UUID) -> HttpResponse:
    """Both side by side with all that will move; then it moves."""
    source, target = visible_person(source_id), visible_person(target_id)
    if source.pk == target.pk:
        raise DomainError(
            "Nobody can be merged with themselves. Choose somebody else.", code="merge.same_person"
        )
    if request.method == "POST":
        act = services.merge_people(source, target)
        tell(request, f"{source.name} ({source.code}) is part of {target.name} now.", act)
        return redirect("people:detail", target.pk)
    context = {
        "plan": services.plan_merge(source, target),
        "sides": [("Goes", source, photos_of(source)), ("Remains", target, photos_of(target))],
    }
    return render(request, "people/merge.html", context)


@page("people.manage")
@require_http_methods(["GET", "POST"])
def move_photo(request: HttpRequest, image_id: UUID) -> HttpResponse:
    """Whose photo it really is."""
    image = visible_photo(image_id)
    if request.method == "POST":
        target = visible_person(_person_id(request.POST.get("to", "")))
        act = services.move_photo(image, target)
        if is_partial(request):
            return with_undo(HttpResponse(""), f"The photo is {target.name}'s now.", act)
        tell(request, f"The photo is {target.name}'s now.", act)
        return redirect("people:detail", target.pk)
    context = {
        "image": image,
        "person": image.person,
        "rows": _candidates(request, image.person),
        "q": request.GET.get("q", ""),
    }
    template = "people/_pick_move.html" if is_partial(request) else "people/move_photo.html"
    return render(request, template, context)


def _candidates(request: HttpRequest, person: Person) -> list[tuple[Person, UUID | None]]:
    """Whom a search finds; without one, look-alikes and people of the same name."""
    others = visible_people().exclude(pk=person.pk)
    if request.GET.get("q", "").strip():
        others = PersonFilter(request.GET, queryset=others).qs
    else:
        pairs = LookalikePair.objects.filter(Q(first=person) | Q(second=person)).values_list(
            "first_id", "second_id"
        )
        alike = {end for pair in pairs for end in pair}
        others = others.filter(Q(pk__in=alike) | Q(name__iexact=person.name))
    found = list(others[:MOST])
    portraits = portraits_of([other.pk for other in found])
    return [(other, portraits.get(other.pk)) for other in found]


def _person_id(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise DomainError(
            "Nobody was chosen. Choose whose photo it is.", code="photo.whose"
        ) from None
