"""Where the way to another model stands.

Public surface: ``open_switch``, ``switch_to_go_back``, ``kept_models``, ``models_needed``,
``is_calibrated``, ``switches``.
"""

from __future__ import annotations

from typing import Final

from django.db.models import QuerySet

from portal.calibration.models import ModelSwitch
from portal.core.context import require
from portal.engines.models import Space
from portal.engines.selectors import active_space, adopted_model, rule_in_force
from recognition.config import DEFAULT_MODEL

__all__ = [
    "is_calibrated",
    "kept_models",
    "models_needed",
    "open_switch",
    "switch_to_go_back",
    "switches",
]

_OPEN: Final = (ModelSwitch.State.PREPARING, ModelSwitch.State.SHADOW)


def open_switch() -> ModelSwitch | None:
    """The one that is being prepared or in shadow. Needs no permission: for workers, too."""
    return (
        ModelSwitch.objects.filter(state__in=_OPEN).select_related("from_space", "to_space").first()
    )


def switch_to_go_back() -> ModelSwitch | None:
    """The latest that was cut over and not taken back: its old vectors are kept complete."""
    latest = (
        ModelSwitch.objects.filter(
            state__in=(ModelSwitch.State.CUT_OVER, ModelSwitch.State.ROLLED_BACK)
        )
        .select_related("from_space", "to_space")
        .order_by("-cut_over_at")
        .first()
    )
    return latest if latest is not None and latest.state == ModelSwitch.State.CUT_OVER else None


def kept_models() -> list[tuple[str, str]]:
    """Model and space of every gallery that is to have a template of each photo: the one that
    decides, the one in shadow, and the one that one click goes back to."""
    found: dict[str, str] = {}
    active = active_space()
    if active is not None:
        found[active.pk] = adopted_model()
    switch = open_switch()
    if switch is not None and switch.state == ModelSwitch.State.SHADOW and switch.to_space_id:
        found.setdefault(switch.to_space_id, switch.model)
    elif switch is None:
        back = switch_to_go_back()
        if back is not None and back.from_space_id:
            found.setdefault(back.from_space_id, back.from_model)
    return [(model, space_id) for space_id, model in found.items()]


def models_needed() -> frozenset[str]:
    """The models whose files must not go: in use, being prepared, or gone back to by one click."""
    switch, back = open_switch(), switch_to_go_back()
    return frozenset(
        {
            adopted_model(),
            *([switch.model] if switch is not None else []),
            *([back.from_model] if back is not None else []),
        }
    )


def is_calibrated(space: Space) -> bool:
    """Whether its threshold was measured: here, or for the shipped model when it was shipped."""
    return space.model_id == DEFAULT_MODEL or rule_in_force(space.pk) is not None


def switches() -> QuerySet[ModelSwitch]:
    """All of them, newest first."""
    require("calibration.view")
    return ModelSwitch.objects.select_related("rule", "to_space")
