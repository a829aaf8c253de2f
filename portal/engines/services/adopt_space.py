"""Which model recognises from now on, and what each worker could load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from portal.core.context import current_actor, require
from portal.engines.models import Space, SpaceAdoption, WorkerReport

__all__ = ["adopt_space", "report_models"]


@transaction.atomic
def adopt_space(space: Space, *, model: str, reason: str) -> SpaceAdoption:
    """From now on faces are recognised in ``space``, by the engine that ``model`` names.

    The caller has made sure that people have templates there, and writes it down.
    """
    actor = require("calibration.manage")
    return SpaceAdoption.objects.create(
        space=space,
        model=model,
        actor_label=(actor.label or current_actor().kind)[:254],
        reason=reason[:500],
    )


@transaction.atomic
def report_models(name: str, models: Sequence[Mapping[str, Any]]) -> None:
    """Which models this worker could load."""
    report = WorkerReport.objects.select_for_update().filter(name=name).first()
    if report is not None:
        report.engine = {**report.engine, "models": [dict(one) for one in models]}
        report.save(update_fields=["engine"])
