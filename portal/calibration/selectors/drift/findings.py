"""What the drift watch found, for its page: the sentence, the picture, and what to do.

Public surface: ``DriftView``, ``Ended``, ``WatchView``, ``watch_view``, ``ended_findings``,
``visible_finding``, ``finding_chart``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format

from portal.calibration.charts.drift import draw
from portal.calibration.charts.parts import Chart
from portal.calibration.models import DriftFinding, DriftLook, DriftReport
from portal.calibration.selectors.drift.scores import (
    DayScore,
    by_camera,
    by_person,
    days_of,
    genuine_scores,
    together,
)
from portal.core.context import require
from portal.core.errors import NotFound
from portal.people.models import FaceImage, FaceTemplate
from portal.people.selectors import portraits_of, within_scope

__all__ = [
    "DriftView",
    "Ended",
    "WatchView",
    "ended_findings",
    "finding_chart",
    "visible_finding",
    "watch_view",
]

_ENDED: Final = 20


@dataclass(frozen=True, slots=True, eq=False)
class DriftView:
    """One open finding. ``chart`` is None once the visits that it came from are deleted."""

    finding: DriftFinding
    title: str
    portrait: UUID | None
    chart: Chart | None


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    finding: DriftFinding
    title: str


@dataclass(frozen=True, slots=True, eq=False)
class WatchView:
    people: tuple[DriftView, ...]
    cameras: tuple[DriftView, ...]
    look: DriftLook | None
    report: DriftReport | None


def watch_view() -> WatchView:
    """All that is open, greatest fall first."""
    rows = list(open_findings())
    charts = _charts(rows)
    portraits = portraits_of({row.person_id for row in rows if row.person_id})
    views = [
        DriftView(
            row,
            title_of(row),
            portraits.get(row.person_id) if row.person_id else None,
            charts.get(row.pk),
        )
        for row in rows
    ]
    return WatchView(
        people=tuple(view for view in views if view.finding.person_id),
        cameras=tuple(view for view in views if view.finding.camera_id),
        look=DriftLook.objects.first(),
        report=DriftReport.objects.first(),
    )


def open_findings() -> QuerySet[DriftFinding]:
    """Without people who have new photos since: the night will close these.

    A photo is new by when it was added. Templates are made anew of old photos too, for another
    model, and say nothing of a face that changed.
    """
    newer = FaceTemplate.objects.filter(
        person=OuterRef("person"),
        space=OuterRef("space"),
        image__created_at__gt=OuterRef("created_at"),
        image__state=FaceImage.State.ACTIVE,
    )
    rows = _visible().filter(closed_at=None).exclude(Exists(newer))
    return rows.order_by(F("after") - F("before"), "id")


def ended_findings() -> list[Ended]:
    """The latest, whoever or whatever ended them."""
    rows = _visible().exclude(closed_at=None).order_by("-closed_at")[:_ENDED]
    return [Ended(row, title_of(row)) for row in rows]


def visible_finding(finding_id: UUID) -> DriftFinding:
    finding = _visible().filter(pk=finding_id, closed_at=None).first()
    if finding is None:
        raise NotFound("This is closed already, or was never found. Reload the page.")
    return finding


def finding_chart(finding: DriftFinding) -> Chart | None:
    return _charts([finding]).get(finding.pk)


def title_of(row: DriftFinding) -> str:
    """ "Scores of Ada Lovelace fell by 0.12 since 3 September": what was found, in a sentence."""
    about = row.person.name if row.person else str(row.camera)
    where = "Scores of" if row.person else "Scores at"
    return f"{where} {about} fell by {max(-row.change, 0.0):.2f} since {day_in_words(since(row))}"


def since(row: DriftFinding) -> date:
    """The first lower day, where the person or the camera is."""
    site = row.person.site if row.person else row.camera.site  # type: ignore[union-attr]
    return timezone.localdate(row.since_at, timezone=ZoneInfo(site.time_zone))


def day_in_words(day: date) -> str:
    this_year = day.year == timezone.localdate().year
    return date_format(day, "j F" if this_year else "j F Y")


def _visible() -> QuerySet[DriftFinding]:
    require("calibration.view")
    # A score by day says when somebody was here.
    require("sightings.view")
    require("people.view")
    actor = require("cameras.view")
    sites = actor.scope.site_ids
    people = Q(person__isnull=False) & within_scope(actor.scope, path="person__")
    cameras = Q(camera__isnull=False)
    if sites is not None:
        cameras &= Q(camera__site__in=sites)
    return DriftFinding.objects.filter(people | cameras).select_related(
        "person__site", "camera__site"
    )


def _charts(rows: Sequence[DriftFinding]) -> dict[UUID, Chart]:
    """In two questions, however many findings there are."""
    found: dict[UUID, Chart] = {}
    for space_id in {row.space_id for row in rows}:
        own = [row for row in rows if row.space_id == space_id]
        people = [row.person_id for row in own if row.person_id]
        cameras = [row.camera_id for row in own if row.camera_id]
        of_people = by_person(genuine_scores(space_id, people=people)) if people else {}
        of_cameras = by_camera(genuine_scores(space_id, cameras=cameras)) if cameras else {}
        for row in own:
            if row.person_id:
                scores = of_people.get(row.person_id, [])
            else:
                scores = together(of_cameras.get(row.camera_id, {}))  # type: ignore[arg-type]
            if chart := _chart(row, days_of(scores)):
                found[row.pk] = chart
    return found


def _chart(row: DriftFinding, days: Iterable[DayScore]) -> Chart | None:
    shown = tuple(days)
    if len(shown) < 2:
        return None
    return draw(
        shown,
        key=f"drift-{row.pk}",
        title=title_of(row),
        before=row.before,
        after=row.after,
        since=since(row),
        is_camera=row.camera_id is not None,
    )
