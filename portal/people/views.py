"""People: the list, one person, changes, and the private photos."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal.core.http import is_partial, page, picture_response, posted
from portal.core.vault import vault
from portal.people import services
from portal.people.filters import PersonFilter
from portal.people.forms import PersonForm
from portal.people.selectors import (
    active_consent,
    photos_of,
    portraits_of,
    visible_people,
    visible_person,
    visible_photo,
)
from portal.ui.tables import Sort

__all__ = ["detail", "edit", "erase", "index", "photo", "reinstate", "remove_photo", "suspend"]

PAGE = 50


@page("people.view")
def index(request: HttpRequest) -> HttpResponse:
    found = PersonFilter(request.GET, queryset=visible_people())
    sort = Sort.parse(
        request.GET.get("sort"),
        fields={
            "name": "name",
            "code": "code",
            "department": "department__path",
            "photos": "photo_count",
            "added": "created_at",
        },
        default="name",
    )
    people = Paginator(found.qs.order_by(*sort.order_by), PAGE).get_page(request.GET.get("page"))
    portraits = portraits_of([person.pk for person in people])
    context = {
        "page_obj": people,
        "rows": [(person, portraits.get(person.pk)) for person in people],
        "sort": sort,
        "filter": found,
        "is_filtered": any(request.GET.get(name) for name in found.filters),
    }
    template = "people/_table.html" if is_partial(request) else "people/list.html"
    return render(request, template, context)


@page("people.view")
def detail(request: HttpRequest, person_id: UUID) -> HttpResponse:
    person = visible_person(person_id)
    context = {
        "person": person,
        "photos": photos_of(person),
        "consent": active_consent(person),
    }
    return render(request, "people/detail.html", context)


@page("people.manage")
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, person_id: UUID) -> HttpResponse:
    person = visible_person(person_id)
    initial = {
        "name": person.name,
        "department": str(person.department or ""),
        "email": person.email,
    }
    form = PersonForm(posted(request), initial=initial, with_code=False)
    if request.method == "POST" and form.is_valid():
        services.update_person(person, form.details())
        messages.success(request, f"{form.cleaned_data['name']} was saved.")
        return redirect("people:detail", person.pk)
    status = 422 if form.errors else 200
    return render(request, "people/edit.html", {"person": person, "form": form}, status=status)


@page("people.manage")
@require_POST
def suspend(request: HttpRequest, person_id: UUID) -> HttpResponse:
    person = services.suspend_person(visible_person(person_id))
    messages.success(request, f"{person.name} is no longer recognised. The photos are kept.")
    return redirect("people:detail", person.pk)


@page("people.manage")
@require_POST
def reinstate(request: HttpRequest, person_id: UUID) -> HttpResponse:
    person = services.reinstate_person(visible_person(person_id))
    messages.success(request, f"{person.name} is recognised again.")
    return redirect("people:detail", person.pk)


@page("people.manage")
@require_POST
def erase(request: HttpRequest, person_id: UUID) -> HttpResponse:
    person = visible_person(person_id)
    name = person.name
    services.erase_person(person, reason=request.POST.get("reason", "")[:500])
    messages.success(request, f"{name} was erased: name, photos and templates are gone.")
    return redirect("people:list")


@page("people.manage")
@require_POST
def remove_photo(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = visible_photo(image_id)
    services.remove_photo(image)
    messages.success(request, "The photo and its template were deleted.")
    return redirect("people:detail", image.person_id)


@page("people.view")
def photo(request: HttpRequest, image_id: UUID) -> HttpResponse:
    return picture_response(vault().get(visible_photo(image_id).portrait_key))
