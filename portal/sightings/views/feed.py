"""The Live page: camera tiles and the stream of visits, read again in small parts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.dateparse import parse_datetime

from portal.cameras.selectors import visible_camera, visible_cameras
from portal.core.context import current_actor
from portal.core.errors import DomainError, NotFound
from portal.core.http import page
from portal.sightings.rows import VisitRow, rows_of
from portal.sightings.selectors import VisitView, on_site_count
from portal.sightings.selectors.live import (
    STATES,
    VisitFilter,
    camera_tiles,
    in_view_count,
    visits_after,
    visits_among,
    visits_before,
    visits_changed,
    visits_newest,
)

__all__ = ["live", "stream", "stream_of", "tiles"]

STREAM_LENGTH = 40
# What one question may ask for; the page keeps no more rows than this many.
MOST_ROWS = 200
# How many rows are still to come, in the answer to a page that fills a gap.
MORE_HEADER = "Gatehouse-More"


@page("sightings.view")
def live(request: HttpRequest) -> HttpResponse:
    wanted = _filter(request.GET)
    actor = current_actor()
    cameras = list(visible_cameras()) if actor.may("cameras.view") else []
    sites = sorted({camera.site for camera in cameras}, key=lambda site: site.name)
    context = {
        **_rows_context(visits_newest(wanted, limit=STREAM_LENGTH)),
        **_tiles_context(wanted),
        "cameras": cameras,
        "sites": sites if len(sites) > 1 else [],
        "states": [(state, label) for state, (label, _) in STATES.items()],
        "wanted": wanted,
        "page_length": STREAM_LENGTH,
    }
    return render(request, "sightings/live.html", context)


@page("sightings.view")
def stream(request: HttpRequest) -> HttpResponse:
    """Rows alone: the newest, or by ``ids``, ``after``, ``before`` or ``since`` with ``from``."""
    wanted, query = _filter(request.GET), request.GET
    more = 0
    if "ids" in query:
        ids = [_uuid(one) for one in query["ids"].split(",")[:MOST_ROWS] if one]
        views = visits_among(wanted, ids)
    elif "after" in query:
        views, more = visits_after(
            wanted, _uuid(query["after"]), limit=STREAM_LENGTH, count_to=MOST_ROWS
        )
    elif "before" in query:
        views = visits_before(wanted, _uuid(query["before"]), limit=STREAM_LENGTH)
    elif "since" in query:
        since, first = _moment(query["since"]), _uuid(query.get("from", ""))
        views, has_more = visits_changed(wanted, since, first_id=first, limit=MOST_ROWS)
        more = int(has_more)
    else:
        views = visits_newest(wanted, limit=STREAM_LENGTH)
    response = render(request, "sightings/_visits.html", _rows_context(views))
    response[MORE_HEADER] = str(more)
    return response


@page("sightings.view")
def tiles(request: HttpRequest) -> HttpResponse:
    """The cameras with their last faces, and how many people there are."""
    return render(request, "sightings/_tiles.html", _tiles_context(_filter(request.GET)))


@page("cameras.view")
def stream_of(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    """One camera's last visits, as a part of that camera's page."""
    camera = visible_camera(camera_id)
    views = []
    if current_actor().may("sightings.view"):
        views = visits_newest(VisitFilter(camera_id=camera.pk), limit=12)
    return render(request, "sightings/_of_camera.html", {**_rows_context(views), "camera": camera})


def _rows_context(views: Sequence[VisitView]) -> dict[str, list[VisitRow]]:
    return {"rows": rows_of(views)}


def _tiles_context(wanted: VisitFilter) -> dict[str, object]:
    return {
        "tiles": [(tile, rows_of(tile.visits)) for tile in camera_tiles()],
        "on_site": on_site_count(),
        "in_view": in_view_count(),
        "chosen_camera": wanted.camera_id,
    }


def _filter(query: QueryDict) -> VisitFilter:
    camera, site = query.get("camera", ""), query.get("site", "")
    state = query.get("state", "") or query.get("decision", "")
    return VisitFilter(
        camera_id=_uuid(camera) if camera else None,
        site_id=_uuid(site) if site else None,
        state=state,
        search=query.get("q", "").strip()[:80],
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("There is no such camera, site or visit.") from error


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise DomainError(
            "“since” is not a moment. Send one with its zone, such as 2026-11-22T15:00:00Z.",
            code="request.moment",
        )
    return moment
