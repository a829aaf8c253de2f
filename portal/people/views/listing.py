"""The list of people, its saved filters, and the same change to many of them."""

from __future__ import annotations

from urllib.parse import parse_qsl
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal.core.context import current_actor
from portal.core.http import is_partial, page
from portal.journal.notices import tell
from portal.people import services
from portal.people.filters import PersonFilter, filter_query
from portal.people.forms import BulkForm
from portal.people.listing import Places, places, rows_of, saved_filters
from portal.people.selectors import visible_people
from portal.people.services import BulkOutcome, ExportKind
from portal.people.views.sending import as_attachment
from portal.people.views.ticked import ticked
from portal.ui.markup import query_with
from portal.ui.tables import Sort

__all__ = ["bulk", "delete_filter", "export", "index", "save_filter"]

PAGE = 50
# Of those that could not be changed, so many are named in the message.
MOST_NAMED = 3


@page("people.view")
def index(request: HttpRequest) -> HttpResponse:
    where = places()
    found = PersonFilter(request.GET, queryset=visible_people(), places=where)
    sort = Sort.parse(
        request.GET.get("sort"),
        fields={
            "name": "name",
            "code": "code",
            "department": "department__path",
            "site": "site__name",
            "photos": "photo_count",
            "added": "created_at",
        },
        default="name",
    )
    ids = found.qs.order_by(*sort.order_by).values_list("pk", flat=True)
    people: Page[UUID] = Paginator(ids, PAGE).get_page(request.GET.get("page"))
    query = filter_query(request.GET)
    context = {
        "page_obj": people,
        "rows": rows_of(list(people)),
        "sort": sort,
        "filter": found,
        "places": where,
        "chips": _chips(request.GET, found, where),
        "query": query,
        "saved": saved_filters(),
        "kinds": ExportKind.choices,
        "may_tick": any(map(current_actor().may, ("people.manage", "people.export"))),
    }
    if not is_partial(request):
        return render(request, "people/list.html", context)
    response = render(request, "people/_table.html", context)
    # The address says what is shown, without the fields that say nothing.
    shown = query_with(QueryDict(query), page=people.number if people.number > 1 else None)
    response["HX-Replace-Url"] = reverse("people:list") + (shown if shown != "?" else "")
    return response


@page("people.manage")
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """Change those that are ticked, or all that the filter finds."""
    where = places()
    selection = ticked(request.POST, where)
    outcome = services.change_people(
        list(selection.people), BulkForm(request.POST, places=where).change()
    )
    _report(request, outcome, request.POST["action"])
    return redirect(_list_url(request.POST.get("query", "")))


@page("people.export")
@require_POST
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Those that are ticked, else all that the filter finds, as a file."""
    selection = ticked(request.POST, places(), nobody_is_all=True)
    kind = request.POST.get("kind", "")
    file = services.export_people(
        selection.people,
        kind=kind,
        reason=request.POST.get("reason", ""),
        filters=selection.filters,
    )
    return as_attachment(request, file, kind=kind)


@page("people.view")
@require_POST
def save_filter(request: HttpRequest) -> HttpResponse:
    query = filter_query(QueryDict(request.POST.get("query", "")))
    saved = services.save_filter(request.POST.get("name", ""), query)
    messages.success(request, f"Saved as “{saved.name}”. Find it under “Saved”.")
    return redirect(_list_url(saved.query))


@page("people.view")
@require_POST
def delete_filter(request: HttpRequest, filter_id: UUID) -> HttpResponse:
    name = services.delete_filter(filter_id)
    messages.success(request, f"The saved filter “{name}” was deleted.")
    return redirect(_list_url(request.POST.get("query", "")))


def _list_url(query: str) -> str:
    """Back to the list as it was; nothing of ``query`` but what the list knows is kept."""
    kept = filter_query(QueryDict(query))
    return reverse("people:list") + (f"?{kept}" if kept else "")


def _chips(data: QueryDict, found: PersonFilter, where: Places) -> list[tuple[str, str]]:
    """What narrows the list, in words, each with the query string that is left without it."""
    if not found.form.is_valid():
        return []
    names = {str(site.pk): site.name for site in where.sites}
    names |= {str(department.pk): department.path for department in where.departments}
    chips = []
    chosen = parse_qsl(filter_query(data, with_sort=False))
    for key, value in chosen:
        field = found.form.fields[key]
        words = dict(getattr(field, "choices", [])).get(value) or names.get(value) or value
        rest = QueryDict(mutable=True)
        for other, kept in chosen:
            if (other, kept) != (key, value):
                rest.appendlist(other, kept)
        if data.get("sort"):
            rest["sort"] = str(data["sort"])
        chips.append((f"“{words}”" if key == "q" else str(words), f"?{rest.urlencode()}"))
    return chips


def _report(request: HttpRequest, outcome: BulkOutcome, action: str) -> None:
    label = services.BulkAction(action).label
    if outcome.changed:
        noun = "person was" if outcome.changed == 1 else "people were"
        tell(request, f"{outcome.changed} {noun} {label}.", outcome.act)
    if outcome.unchanged:
        messages.info(request, f"{outcome.unchanged} of them were so already.")
    if outcome.refused:
        named = " ".join(f"{name}: {reason}" for name, reason in outcome.refused[:MOST_NAMED])
        more = len(outcome.refused) - MOST_NAMED
        rest = f" And {more} more." if more > 0 else ""
        messages.warning(request, f"{len(outcome.refused)} could not be changed. {named}{rest}")
