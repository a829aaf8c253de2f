"""A measured threshold becomes the rule. Public surface: ``save_measured``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import transaction

from portal.calibration.figures import Figures, Span
from portal.calibration.models import CalibrationRun
from portal.calibration.selectors.runs import Measured
from portal.core.context import require
from portal.core.errors import DomainError
from portal.engines.services import RuleSaved, SavedRule, save_rule

__all__ = ["evidence_of", "save_measured"]


@transaction.atomic
def save_measured(
    measured: Measured, *, grey_band: float, min_margin: float, reason: str, seen: int | None
) -> RuleSaved:
    """Raises ``DomainError`` where the measurement found no threshold, and as ``save_rule``."""
    require("calibration.manage")
    figures = measured.figures
    if figures.chosen is None:
        raise DomainError(
            "This measurement found no threshold for the wish; the page says what is missing.",
            code="calibration.insufficient",
            http_status=409,
        )
    return save_rule(
        SavedRule(
            threshold=figures.chosen.threshold,
            grey_band=grey_band,
            min_margin=min_margin,
            gallery_size=figures.gallery_size,
            stranger_rate=figures.wish.fpir,
            reason=reason,
            wish=asdict(figures.wish),
            evidence=evidence_of(measured.run, figures),
        ),
        seen=seen,
        space_id=measured.run.space_id,
    )


def evidence_of(run: CalibrationRun, figures: Figures) -> dict[str, Any]:
    """The figures that were on the page, in the form that the history shows."""
    found: dict[str, Any] = {
        "run": str(run.pk),
        "gallery_size": figures.gallery_size,
        "counts": {
            "stranger_searches": figures.counts.stranger_searches,
            "stranger_comparisons": figures.counts.stranger_comparisons,
            "people_strangers": figures.counts.people_strangers,
            "mated_searches": figures.counts.mated_searches,
            "mated_people": figures.counts.mated_people,
        },
    }
    chosen = figures.chosen
    if figures.threshold is not None:
        found["threshold"] = {"low": figures.threshold.low, "high": figures.threshold.high}
    if chosen is not None and chosen.strangers is not None:
        found["fpir"] = {
            **_span(chosen.strangers.rate),
            "supported": chosen.strangers.is_supported,
        }
    if chosen is not None and chosen.missed is not None:
        found["missed"] = _span(chosen.missed.rate)
    if figures.prior is not None:
        found["prior"] = {"name": figures.prior.name, "threshold": figures.prior.threshold}
    return found


def _span(span: Span) -> dict[str, float]:
    return {"value": span.value, "low": span.low, "high": span.high}
