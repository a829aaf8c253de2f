"""The cut-over and the way back: one transaction each, after which another space decides."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.calibration.models import ModelSwitch
from portal.calibration.selectors.switch import is_calibrated, open_switch, switch_to_go_back
from portal.calibration.selectors.templates_of_space import left_out
from portal.calibration.services.switch._moving import SwitchRefused, lock_switch, tell
from portal.core.context import require
from portal.engines.models import Space
from portal.engines.selectors import rule_in_force
from portal.engines.services import adopt_switched
from portal.engines.services.adopt_space import adopt_space
from portal.jobs.dispatch import ring_on_commit
from portal.people.services.revision import bump_gallery_revision

__all__ = ["cut_over", "roll_back"]

_State = ModelSwitch.State


@transaction.atomic
def cut_over(switch_id: UUID, *, unrecognised: int = 0, reason: str = "") -> ModelSwitch:
    """Let the model in shadow decide from now on, by the rule that is in force in its space.

    ``unrecognised`` is how many people the administrator agreed to leave unrecognised; where there
    are more by now nothing is done. Raises ``SwitchRefused``.
    """
    require("calibration.manage")
    switch = lock_switch(switch_id, expected=(_State.SHADOW,))
    from_space, to_space = _spaces(switch)
    if not is_calibrated(to_space):
        raise SwitchRefused(
            f"No threshold was measured for {switch.model} yet, so nobody knows how sure its names "
            "are. Measure it and save a threshold first.",
            code="calibration.switch_uncalibrated",
        )
    missing = len(left_out(from_space.pk, to_space.pk))
    if missing > unrecognised:
        raise SwitchRefused(
            f"{missing} people who are recognised now would not be: they have no template of "
            f"{switch.model}. Enrol them anew, or confirm that they will not be recognised.",
            code="calibration.switch_leaves_out",
            data={"people": missing},
        )
    adopt_space(to_space, model=switch.model, reason=reason)
    rule = rule_in_force(to_space.pk)
    adopt_switched(rule, space_id=to_space.pk, reason=reason)
    switch.state, switch.cut_over_at, switch.rule = _State.CUT_OVER, timezone.now(), rule
    switch.save(update_fields=["state", "cut_over_at", "rule"])
    _changed(
        switch, "calibration.switch.cut_over", before=from_space, after=to_space, missing=missing
    )
    return switch


@transaction.atomic
def roll_back(switch_id: UUID, *, reason: str = "") -> ModelSwitch:
    """Let the former model decide again, by the rule that was in force in its space.

    Raises ``SwitchRefused``, also while another model is being prepared: that one is compared with
    the model that decides, and the former one's vectors are not kept complete meanwhile.
    """
    require("calibration.manage")
    switch = lock_switch(switch_id, expected=(_State.CUT_OVER,))
    going = open_switch()
    if going is not None:
        raise SwitchRefused(
            f"{going.model} is being prepared, beside {switch.model}, which decides now. Going back "
            "needs that to be over: finish the change to it, or cancel it, and then go back.",
            code="calibration.switch_going_on",
            data={"model": going.model},
        )
    if switch_to_go_back() != switch:
        raise SwitchRefused(
            f"{switch.model} was taken into use before the latest change; only that one can be "
            "taken back. Prepare the model that you want instead.",
            code="calibration.switch_older",
        )
    from_space, to_space = _spaces(switch)
    adopt_space(from_space, model=switch.from_model, reason=reason)
    switch.state, switch.ended_at = _State.ROLLED_BACK, timezone.now()
    switch.save(update_fields=["state", "ended_at"])
    _changed(
        switch,
        "calibration.switch.rolled_back",
        before=to_space,
        after=from_space,
        missing=len(left_out(to_space.pk, from_space.pk)),
    )
    return switch


def _spaces(switch: ModelSwitch) -> tuple[Space, Space]:
    if switch.from_space is None or switch.to_space is None:
        raise SwitchRefused(
            "Nobody was ever enrolled with one of the two models, so there is nothing to change "
            "over. Cancel, and prepare the model again once somebody is enrolled."
        )
    return switch.from_space, switch.to_space


def _changed(
    switch: ModelSwitch, action: str, *, before: Space, after: Space, missing: int
) -> None:
    bump_gallery_revision()
    record(
        action,
        target=switch,
        before={"model": before.model_id, "space": before.pk},
        after={"model": after.model_id, "space": after.pk, "people_left_out": missing},
    )
    tell()
    # The workers load what decides now, and remake the vectors of strangers and of what was said
    # about faces: until then those are of another space, and compared with nothing.
    ring_on_commit("calibration.reembed")
    ring_on_commit("review.anchor")
