"""What every step of a switch does: lock its row, check where it stands, tell the pages."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from portal.calibration.models import ModelSwitch
from portal.core.errors import DomainError, NotFound
from portal.core.events import CalibrationChanged, publish_on_commit

__all__ = ["SwitchRefused", "lock_switch", "tell"]


class SwitchRefused(DomainError):
    """The model cannot be changed so now."""

    code = "calibration.switch"
    http_status = 409


def lock_switch(switch_id: UUID, *, expected: Collection[str]) -> ModelSwitch:
    """The row, held to the end of the transaction. Raises ``SwitchRefused`` where it stands
    elsewhere than ``expected``."""
    switch = ModelSwitch.objects.select_for_update().filter(pk=switch_id).first()
    if switch is None:
        raise NotFound("There is no such change of model.")
    if switch.state not in expected:
        raise SwitchRefused(
            f"The change to {switch.model} is {switch.get_state_display().lower()} by now; look at "
            "the page again.",
            data={"state": switch.state},
        )
    return switch


def tell() -> None:
    publish_on_commit("calibration", CalibrationChanged(type="calibration.changed", part="switch"))
