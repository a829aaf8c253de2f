"""All that the first Calibration page says. Public surface: ``overview_of_page`` and its parts."""

from __future__ import annotations

from dataclasses import dataclass

from portal.calibration.changes import change_words
from portal.calibration.charts import Chart, charts_of
from portal.calibration.figures import CameraFigure, Figures, RuleFigure, SeedFigure
from portal.calibration.models import CalibrationRun
from portal.calibration.selectors.faces import Faces, NearPair
from portal.calibration.selectors.in_force import SAME, InForce, in_force_now
from portal.calibration.selectors.runs import (
    Measured,
    busy_run,
    last_run,
    latest_measured,
)
from portal.calibration.wishes import wish_of, wish_words
from portal.cameras.models import Camera
from portal.core.context import current_actor, require

__all__ = ["Overview", "SeedView", "overview_of_page"]


@dataclass(frozen=True, slots=True)
class SeedView:
    """A rule in common use. ``who`` is the person who alone sets it."""

    seed: SeedFigure
    who: str


@dataclass(frozen=True, slots=True)
class Overview:
    """``result`` is the newest measurement, ``busy`` one under way, ``failure`` why the last one
    has no figures."""

    in_force: InForce
    result: Measured | None
    busy: CalibrationRun | None
    failure: str
    charts: tuple[Chart, ...] = ()
    cameras: tuple[tuple[str, CameraFigure], ...] = ()
    seeds: tuple[SeedView, ...] = ()
    nearest_stranger: NearPair | None = None
    nearest_other: NearPair | None = None

    @property
    def rule_shown(self) -> RuleFigure | None:
        """The one that the evidence and the charts are told for."""
        figures = self.result.figures if self.result else None
        return (figures.chosen or figures.now) if figures else None

    @property
    def wish_words(self) -> str:
        if self.result is None:
            return ""
        said = wish_words(wish_of(self.result.run.wish))
        return f"For {said}"

    @property
    def change_words(self) -> str:
        """What the measured threshold would change."""
        figures = self.result.figures if self.result else None
        if figures is None or figures.chosen is None:
            return ""
        return change_words(figures.now, figures.chosen)

    @property
    def is_saved(self) -> bool:
        """The measured threshold decides already."""
        figures = self.result.figures if self.result else None
        if figures is None or figures.chosen is None:
            return False
        return (
            self.in_force.rule is not None
            and abs(figures.chosen.threshold - self.in_force.policy.threshold) < SAME
        )


def overview_of_page() -> Overview:
    require("calibration.view")
    result, last = latest_measured(), last_run()
    failed = last is not None and last.state == CalibrationRun.State.FAILED
    in_force = in_force_now(result.figures if result else None)
    failure = last.error if last is not None and failed else ""
    if result is None:
        return Overview(in_force, None, busy_run(), failure)
    figures = result.figures
    faces = Faces(figures)
    return Overview(
        in_force=in_force,
        result=result,
        busy=busy_run(),
        failure=failure,
        charts=charts_of(figures),
        cameras=_cameras(figures),
        seeds=tuple(SeedView(seed, faces.name(seed.person_id)) for seed in figures.seeds),
        nearest_stranger=faces.pair(figures.nearest_stranger, is_stranger=True),
        nearest_other=faces.pair(figures.nearest_other, is_stranger=False),
    )


def _cameras(figures: Figures) -> tuple[tuple[str, CameraFigure], ...]:
    scope = current_actor().scope
    rows = Camera.objects.filter(pk__in=[one.camera_id for one in figures.cameras])
    if scope.site_ids is not None:
        rows = rows.filter(site__in=scope.site_ids)
    names = {str(pk): name for pk, name in rows.values_list("pk", "name")}
    found = [(names[one.camera_id], one) for one in figures.cameras if one.camera_id in names]
    return tuple(sorted(found, key=lambda row: row[0].lower()))
