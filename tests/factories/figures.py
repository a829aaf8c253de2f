"""Measurements as the worker leaves them, with figures made up."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from portal.calibration.figures import (
    CameraFigure,
    Counts,
    Distribution,
    Figures,
    MissedFigure,
    RuleFigure,
    Span,
    StrangerFigure,
    WishFigure,
    to_json,
)
from portal.calibration.models import CalibrationRun
from portal.people.selectors import gallery_revision
from tests.factories.people import SpaceFactory

__all__ = ["made_figures", "missed_at", "missed_figure", "run_done", "stranger_figure"]


def stranger_figure(**fields: Any) -> StrangerFigure:
    values = {
        "rate": Span(0.003, 0.0012, 0.0083),
        "named": 1.0,
        "people": 213.0,
        "observed": 1 / 213,
        "prior": 0.002,
        "prior_searches": 300.0,
        "is_supported": True,
        **fields,
    }
    return StrangerFigure(**values)


def missed_figure(value: float = 0.02, *, searches: int = 640, people: int = 80) -> MissedFigure:
    return MissedFigure(
        rate=Span(value, value / 2, value * 2),
        misnamed=Span(0.0, 0.0, 0.01),
        to_review=Span(value / 2, value / 4, value),
        searches=searches,
        people=people,
    )


def made_figures(*, threshold: float = 0.5, **fields: Any) -> Figures:
    """Of 80 people, at ``threshold``; nothing about cameras or growth."""
    values = {
        "wish": WishFigure(0.003),
        "gallery_size": 80,
        "grey_band": 0.05,
        "min_margin": 0.05,
        "now": RuleFigure(threshold, stranger_figure(), missed_figure()),
        "chosen": None,
        "threshold": None,
        "evidence_threshold": None,
        "prior": None,
        "lacking": None,
        "counts": Counts(213, 17_040, 40, 173, 640, 80, 240),
        "cameras": (),
        "growth": (),
        "nearest_stranger": None,
        "nearest_other": None,
        "seeds": (),
        "distribution": Distribution(-1.0, 0.02, (), (), ()),
        "det": (),
        "sizes": (),
        **fields,
    }
    return Figures(**values)


def missed_at(camera: Any, value: float = 0.1) -> CameraFigure:
    return CameraFigure(str(camera.pk), 25, 120, missed_figure(value))


def run_done(figures: Figures | None = None, **fields: Any) -> CalibrationRun:
    """Of the gallery as it is, unless told otherwise."""
    figures = figures or made_figures()
    values = {
        "space": fields.pop("space", None) or SpaceFactory(),
        "state": CalibrationRun.State.DONE,
        "wish": {"fpir": figures.wish.fpir},
        "gallery_size": figures.gallery_size,
        "gallery_revision": gallery_revision(),
        "result": to_json(figures),
        "finished_at": timezone.now(),
        **fields,
    }
    return CalibrationRun.objects.create(**values)
