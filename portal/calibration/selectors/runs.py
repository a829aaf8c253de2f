"""Measurements as the page shows them. Public surface: the names in ``__all__``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from portal.calibration.figures import Figures, from_json
from portal.calibration.models import CalibrationRun
from portal.core.context import require
from portal.core.errors import NotFound
from portal.engines.selectors import active_space
from portal.people.selectors import gallery_revision
from portal.sightings.models import RecognisedFace, Visit

__all__ = [
    "Measured",
    "Traffic",
    "busy_run",
    "last_run",
    "latest_measured",
    "measured_run",
    "site_traffic",
]

_State = CalibrationRun.State
_TRAFFIC_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Measured:
    """A run with its figures. ``is_outdated``: somebody was enrolled or left since."""

    run: CalibrationRun
    figures: Figures
    is_outdated: bool


@dataclass(frozen=True, slots=True)
class Traffic:
    """Visits of nobody known, over the last ``days`` days."""

    visits: int
    days: int

    @property
    def a_day(self) -> float:
        return self.visits / self.days

    @property
    def suggestion(self) -> int:
        """A whole number to begin with, also where nobody passed yet."""
        return max(1, round(self.a_day))


def busy_run() -> CalibrationRun | None:
    """The one that is measured, or waits for it."""
    require("calibration.view")
    rows = _of_this_page().filter(state__in=[_State.WAITING, _State.RUNNING])
    return rows.select_related("job").order_by("id").first()


def last_run() -> CalibrationRun | None:
    """However it ended; a failure is said until another one ends."""
    require("calibration.view")
    return _of_this_page().filter(finished_at__isnull=False).first()


def latest_measured() -> Measured | None:
    """The newest with figures, in the space that decides."""
    require("calibration.view")
    space = active_space()
    if space is None:
        return None
    run = CalibrationRun.objects.filter(
        state__in=[_State.DONE, _State.INSUFFICIENT], space=space
    ).first()
    return None if run is None else _measured(run)


def measured_run(run_id: UUID) -> Measured:
    """Raises ``NotFound`` for one that is gone, or has no figures."""
    require("calibration.view")
    run = CalibrationRun.objects.filter(
        pk=run_id, state__in=[_State.DONE, _State.INSUFFICIENT]
    ).first()
    if run is None:
        raise NotFound("There is no such measurement: the oldest are forgotten. Measure again.")
    return _measured(run)


def site_traffic() -> Traffic:
    """How many strangers pass in a day, as the installation saw it itself."""
    require("calibration.view")
    now = timezone.now()
    rows = Visit.objects.filter(
        first_at__gte=now - timedelta(days=_TRAFFIC_DAYS),
        decision=RecognisedFace.Decision.UNKNOWN,
        person=None,
    ).exclude(settled_as=Visit.Settled.NOT_A_FACE)
    first = rows.aggregate(first=Min("first_at"))["first"]
    if first is None:
        return Traffic(0, _TRAFFIC_DAYS)
    days = max(1, min(_TRAFFIC_DAYS, (now - first).days + 1))
    return Traffic(rows.count(), days)


def _of_this_page() -> QuerySet[CalibrationRun]:
    """A model in shadow is measured on a page of its own."""
    return CalibrationRun.objects.filter(Q(space=None) | Q(space=active_space()))


def _measured(run: CalibrationRun) -> Measured:
    return Measured(run, from_json(run.result), run.gallery_revision != gallery_revision())
