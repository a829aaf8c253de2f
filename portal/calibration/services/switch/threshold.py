"""The threshold of a model in shadow: measured with its own vectors, or said by hand.

A threshold of the model in use means nothing to it. Public surface: ``measure_new``,
``save_new_threshold``.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from portal.calibration.models import CalibrationRun, ModelSwitch
from portal.calibration.selectors.runs import measured_run
from portal.calibration.services.measure import ask_for_run
from portal.calibration.services.save import evidence_of
from portal.calibration.services.switch._moving import SwitchRefused, lock_switch, tell
from portal.core.context import require
from portal.engines.models import DecisionRule, Space
from portal.engines.selectors import policy_in_force
from portal.engines.services import RuleSaved, SavedRule, save_rule
from portal.jobs.dispatch import ring_on_commit
from portal.people.selectors import gallery_members
from recognition.calibration import Wish

__all__ = ["measure_new", "save_new_threshold"]

_SHADOW = (ModelSwitch.State.SHADOW,)


@transaction.atomic
def measure_new(switch_id: UUID, wish: Wish) -> CalibrationRun:
    """Have the worker measure the new model on its own templates of the same people."""
    require("calibration.manage")
    switch = lock_switch(switch_id, expected=_SHADOW)
    return ask_for_run(wish, space=_space(switch))


@transaction.atomic
def save_new_threshold(
    switch_id: UUID,
    *,
    reason: str,
    seen: int | None,
    threshold: float | None = None,
    run_id: UUID | None = None,
) -> RuleSaved:
    """The rule that decides once the model is taken into use: that of a measurement, or
    ``threshold`` by hand. It does not move with the gallery: no curve of this model is known.

    ``seen`` is the number of the rule that was in force in the new model's space when the page was
    drawn, None while there was none. Raises ``SwitchRefused``, and as ``save_rule`` does.
    """
    require("calibration.manage")
    switch = lock_switch(switch_id, expected=_SHADOW)
    space = _space(switch)
    people = len(gallery_members(space.pk))
    usual = policy_in_force(people, space_id=space.pk)
    numbers: dict[str, Any] = {
        "threshold": threshold,
        "gallery_size": people,
        "stranger_rate": settings.RECOGNITION.stranger_rate,
    }
    if run_id is not None:
        numbers = _measured(run_id, space)
    elif threshold is None:
        raise SwitchRefused("Say the threshold, or measure it.", http_status=400)
    saved = save_rule(
        SavedRule(
            **numbers,
            grey_band=usual.grey_band,
            min_margin=usual.min_margin,
            follows_gallery=False,
            origin=DecisionRule.Origin.MODEL_SWITCH,
            reason=reason,
        ),
        seen=seen,
        space_id=space.pk,
    )
    tell()
    # What the model in shadow said so far is decided anew by it.
    ring_on_commit("calibration.reembed")
    return saved


def _measured(run_id: UUID, space: Space) -> dict[str, Any]:
    measured = measured_run(run_id)
    figures = measured.figures
    if measured.run.space_id != space.pk or figures.chosen is None:
        raise SwitchRefused("This measurement found no threshold for this model. Measure again.")
    return {
        "threshold": figures.chosen.threshold,
        "gallery_size": figures.gallery_size,
        "stranger_rate": figures.wish.fpir,
        "wish": asdict(figures.wish),
        "evidence": evidence_of(measured.run, figures),
    }


def _space(switch: ModelSwitch) -> Space:
    if switch.to_space is None:
        raise SwitchRefused("This model has made no vector yet.")
    return switch.to_space
