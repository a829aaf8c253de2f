"""The pages: who is on site, the roll-calls, and each of them while it runs and afterwards."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from portal.audit.services import record
from portal.core.context import current_actor
from portal.core.http import is_partial, page, posted
from portal.muster.charts import curve_of, duration
from portal.muster.csv_file import as_csv
from portal.muster.forms import EndForm, StartForm
from portal.muster.models import MusterEvent
from portal.muster.passes import issue_pass
from portal.muster.rows import clock, grouped, roll_rows
from portal.muster.selectors import (
    NOWHERE,
    counts_of,
    cursor_of,
    open_musters,
    places_of,
    present_within,
    reachable_site,
    report_of,
    visible_entries,
    visible_muster,
    visible_musters,
)
from portal.muster.services import end_muster, start_muster
from portal.organisation.selectors import visible_sites
from portal.people.selectors import portraits_of

__all__ = ["end", "listed", "on_site", "overview", "roll", "start"]

PAGE = 50
HISTORY = 20


@page("muster.view")
def overview(request: HttpRequest) -> HttpResponse:
    """Who is on site now, by site and place, and the roll-calls so far."""
    present = present_within(timezone.now())
    running = {event.site_id: event for event in open_musters()}
    sites = []
    for site in visible_sites().order_by("name"):
        people = [each for each in present if each.site_id == site.pk]
        sites.append(
            {
                "site": site,
                "count": len(people),
                "unsure": sum(each.is_unsure for each in people),
                "places": places_of(people),
                "running": running.get(site.pk),
            }
        )
    past = Paginator(visible_musters().exclude(ended_at=None), HISTORY)
    found = past.get_page(request.GET.get("page"))
    counts = counts_of([*found, *running.values()])
    context = {
        "sites": sites,
        "running": [(event, counts.get(event.pk)) for event in running.values()],
        "page_obj": found,
        "past": [
            {
                "event": event,
                "counts": counts.get(event.pk),
                "lasted": duration(event.ended_at - event.created_at) if event.ended_at else "",
            }
            for event in found
        ],
        "nowhere": NOWHERE,
    }
    template = "muster/_overview.html" if is_partial(request) else "muster/overview.html"
    return render(request, template, context)


@page("muster.view")
@require_GET
def on_site(request: HttpRequest) -> HttpResponse:
    """Everybody who is here, with where they were seen last."""
    search = request.GET.get("q", "").replace("\0", "").strip()[:80].lower()
    site_id, place = request.GET.get("site", ""), request.GET.get("place", "")
    present = present_within(timezone.now())
    places = places_of(each for each in present if not site_id or str(each.site_id) == site_id)
    wanted = [
        each
        for each in present
        if (not site_id or str(each.site_id) == site_id)
        and (not place or (each.place or NOWHERE) == place)
        and (not search or search in each.person.name.lower() or search in each.person.code.lower())
    ]
    found = Paginator(wanted, PAGE).get_page(request.GET.get("page"))
    may_see_faces = current_actor().may("people.view")
    portraits = portraits_of(each.person.pk for each in found) if may_see_faces else {}
    sites = {site.pk: site for site in visible_sites().order_by("name")}
    zones = {pk: ZoneInfo(site.time_zone) for pk, site in sites.items()}
    context = {
        "page_obj": found,
        "rows": [
            {
                "present": each,
                "portrait_id": portraits.get(each.person.pk),
                "site": sites.get(each.site_id),
                "since": clock(each.since, zones.get(each.site_id, ZoneInfo("UTC"))),
                "seen": clock(each.seen_at, zones.get(each.site_id, ZoneInfo("UTC"))),
            }
            for each in found
        ],
        "sites": list(sites.values()),
        "places": places,
        "site_id": site_id,
        "place": place,
        "search": search,
        "nowhere": NOWHERE,
    }
    template = "muster/_on_site.html" if is_partial(request) else "muster/on_site.html"
    return render(request, template, context)


@page("muster.run")
def start(request: HttpRequest, site_id: UUID) -> HttpResponse:
    site = reachable_site(site_id)
    running = open_musters().filter(site=site).first()
    form = StartForm(site, posted(request))
    if request.method == "POST":
        if running is not None:
            return redirect("muster:roll", running.pk)
        if form.is_valid():
            event = start_muster(site.pk, is_drill=form.is_drill, camera_ids=form.camera_ids)
            return redirect("muster:roll", event.pk)
    context = {"site": site, "form": form, "running": running}
    return render(request, "muster/start.html", context, status=422 if form.is_bound else 200)


@page("muster.view")
@require_GET
def roll(request: HttpRequest, muster_id: UUID) -> HttpResponse:
    """While it runs the list to mark people on; afterwards the report."""
    event = visible_muster(muster_id)
    if event.ended_at is not None:
        return render(request, "muster/report.html", _report(event))
    # Asked before the list: what changes meanwhile is asked for again.
    cursor = cursor_of(event)
    rows = roll_rows(list(visible_entries(event)), event.site.time_zone)
    context = {
        "event": event,
        "groups": grouped(rows),
        "cursor": cursor,
        "total": len(rows),
        "counts": counts_of([event]).get(event.pk),
        "cameras": event.safe_cameras.order_by("name"),
        "form": EndForm(),
        "pass": _pass(request, event),
        # Makes a form that is sent twice without scripts the same mark.
        "nonce": secrets.token_hex(6),
    }
    return render(request, "muster/roll.html", context)


@page("muster.run")
@require_POST
def end(request: HttpRequest, muster_id: UUID) -> HttpResponse:
    form = EndForm(request.POST)
    event = end_muster(muster_id, note=form.cleaned_data["note"] if form.is_valid() else "")
    messages.success(request, "The roll-call is over. This is its report.")
    return redirect("muster:roll", event.pk)


@page("muster.view")
@require_GET
def listed(request: HttpRequest, muster_id: UUID) -> HttpResponse:
    """The list as a file, as it is now."""
    event = visible_muster(muster_id)
    report = report_of(event)
    record("muster.exported", target=event, after={"people": report.counts.total})
    name = f"roll-call-{event.created_at:%Y-%m-%d-%H%M}.csv"
    return HttpResponse(
        as_csv(report),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _report(event: MusterEvent) -> dict[str, Any]:
    report, zone = report_of(event), ZoneInfo(event.site.time_zone)
    return {
        "event": event,
        "report": report,
        "curve": curve_of(report),
        "lasted": _words(report.lasted),
        "half": _words(report.half_safe_after),
        "all": _words(report.all_safe_after),
        "lines": [
            {
                "line": line,
                "after": _words(line.after),
                "seen": clock(line.entry.last_seen_at, zone),
                "changes": [(clock(change.at, zone), change) for change in line.changes],
            }
            for line in report.lines
        ],
    }


def _words(time: timedelta | None) -> str:
    return "" if time is None else duration(time)


def _pass(request: HttpRequest, event: MusterEvent) -> str:
    actor = current_actor()
    if not actor.may("muster.run"):
        return ""
    return issue_pass(event.pk, actor, session_key=request.session.session_key or "")
