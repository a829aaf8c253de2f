"""Everything that the Accuracy page says, each part only for whom its own rights let see it.

Public surface: ``accuracy`` with ``Accuracy`` and its parts, ``SEEN_DAYS``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from django.utils import timezone

from portal.calibration.figures import CameraFigure, Figures, from_json
from portal.calibration.models import CalibrationRun
from portal.calibration.selectors.leads import Lead, MeasuredLead, measured_leads, small_leads
from portal.calibration.selectors.neglected import (
    Neglected,
    PhotoFinding,
    not_seen,
    old_photos,
    photo_findings,
)
from portal.calibration.selectors.observed import DAYS, Observed, observed_names
from portal.calibration.selectors.waits import Waits, review_waits
from portal.cameras.models import Camera
from portal.cameras.selectors import Funnel, funnels_since, visible_cameras
from portal.core.context import current_actor, require
from portal.engines.models import DecisionRule, RuleAdoption, Space
from portal.engines.selectors import active_space, policy_in_force
from portal.people.selectors import gallery_people_count, gallery_revision

__all__ = ["SEEN_DAYS", "Accuracy", "CameraLine", "InForce", "Measured", "accuracy"]

SEEN_DAYS: Final = (7, 30, 90)
# A threshold is shown with three places.
_SAME_THRESHOLD: Final = 5e-4
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class InForce:
    """The rule that decides now. ``rule`` is None for the shipped one, ``adopted`` where no rule
    was ever adopted."""

    gallery_size: int
    threshold: float
    grey_band: float
    min_margin: float
    space: Space | None
    rule: DecisionRule | None
    adopted: RuleAdoption | None


@dataclass(frozen=True, slots=True)
class Measured:
    """The newest measurement, and what of it is older than what decides now."""

    run: CalibrationRun
    figures: Figures
    is_gallery_changed: bool
    is_rule_changed: bool

    @property
    def is_older(self) -> bool:
        return self.is_gallery_changed or self.is_rule_changed


@dataclass(frozen=True, slots=True)
class CameraLine:
    """``missed`` is None where too few people passed it to say."""

    camera: Camera
    funnel: Funnel
    missed: CameraFigure | None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A part is None where the actor lacks its right, or where nothing was measured yet."""

    as_of: datetime
    days: int
    in_force: InForce
    measured: Measured | None
    observed: Observed | None
    cameras: tuple[CameraLine, ...] | None
    waits: Waits | None
    leads: tuple[Lead, ...] | None
    # In place of ``leads`` where nobody passed often enough: from the newest measurement.
    measured_leads: tuple[MeasuredLead, ...] | None
    not_seen: Neglected | None
    old_photos: Neglected | None
    findings: tuple[PhotoFinding, ...] | None


def accuracy(*, seen_days: int = DAYS) -> Accuracy:
    """Of the last thirty days; ``seen_days`` is after how long somebody counts as not seen."""
    require("calibration.view")
    in_force = _in_force()
    measured = _measured(in_force)
    leads = _if("people.view", lambda: _if("sightings.view", lambda: small_leads(days=DAYS)))
    return Accuracy(
        as_of=timezone.now(),
        days=DAYS,
        in_force=in_force,
        measured=measured,
        observed=_if("sightings.view", observed_names),
        cameras=_if("cameras.view", lambda: _camera_lines(measured)),
        waits=_if("review.view", lambda: review_waits(days=DAYS)),
        leads=leads,
        measured_leads=measured_leads(measured.figures.low_margin)
        if measured and leads == ()
        else None,
        not_seen=_if(
            "people.view", lambda: _if("sightings.view", lambda: not_seen(days=seen_days))
        ),
        old_photos=_if("people.view", old_photos),
        findings=_if("people.view", photo_findings),
    )


def _if(permission: str, read: Callable[[], _T]) -> _T | None:
    return read() if current_actor().may(permission) else None


def _in_force() -> InForce:
    space, size = active_space(), gallery_people_count()
    adopted = (
        RuleAdoption.objects.filter(space=space).select_related("rule").first() if space else None
    )
    policy = policy_in_force(size, space_id=space.pk if space else None)
    return InForce(
        gallery_size=size,
        threshold=policy.threshold,
        grey_band=policy.grey_band,
        min_margin=policy.min_margin,
        space=space,
        rule=adopted.rule if adopted else None,
        adopted=adopted,
    )


def _measured(in_force: InForce) -> Measured | None:
    """Figures of another space say nothing of the one that decides."""
    states = (CalibrationRun.State.DONE, CalibrationRun.State.INSUFFICIENT)
    run = (
        CalibrationRun.objects.filter(space=in_force.space, state__in=states)
        .exclude(result={})
        .first()
        if in_force.space
        else None
    )
    if run is None:
        return None
    figures = from_json(run.result)
    return Measured(
        run=run,
        figures=figures,
        is_gallery_changed=run.gallery_revision != gallery_revision(),
        is_rule_changed=abs(figures.now.threshold - in_force.threshold) > _SAME_THRESHOLD,
    )


def _camera_lines(measured: Measured | None) -> tuple[CameraLine, ...]:
    since = (timezone.now() - timedelta(days=DAYS)).replace(second=0, microsecond=0)
    cameras = list(visible_cameras())
    funnels = funnels_since([camera.pk for camera in cameras], since)
    missed = {one.camera_id: one for one in measured.figures.cameras} if measured else {}
    return tuple(
        CameraLine(camera, funnels[camera.pk], missed.get(str(camera.pk))) for camera in cameras
    )
