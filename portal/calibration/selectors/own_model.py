"""All that the page of the site's own model says. Public surface: ``own_model_page`` with
``OwnModelPage``, ``Compared``, ``visible_own_model``, ``models_made_here``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from portal.calibration.models import ModelSwitch, OwnModel
from portal.calibration.selectors.own_sample import OwnSample, own_sample
from portal.calibration.selectors.switch import models_needed, open_switch
from portal.calibration.words import Worse
from portal.core.context import require
from portal.core.errors import NotFound
from portal.engines.installed import installed_models
from portal.engines.selectors import active_space, adopted_model

__all__ = [
    "Compared",
    "OwnModelPage",
    "Told",
    "models_made_here",
    "own_model_page",
    "visible_own_model",
]

_HISTORY: Final = 20


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of the comparison: two rates, their difference in points."""

    label: str
    base: float
    adapted: float
    gain: float
    low: float
    high: float
    # Of an error more is worse: rates are rounded so, and a gain below nought is good.
    worse: Worse


@dataclass(frozen=True, slots=True)
class Told:
    """One of the models with what may be done with it."""

    row: OwnModel
    compared: tuple[Compared, ...]
    is_installed: bool
    is_needed: bool

    @property
    def people(self) -> int:
        return int(self.row.figures.get("people", 0))

    @property
    def pictures(self) -> int:
        return int(self.row.figures.get("pictures", 0))

    @property
    def judgement(self) -> dict[str, Any]:
        found: dict[str, Any] = self.row.figures.get("judgement") or {}
        return found

    @property
    def is_unchanged(self) -> bool:
        """Every part chose to change nothing."""
        return not any(self.row.figures.get("strengths", ()))


@dataclass(frozen=True, slots=True)
class OwnModelPage:
    """``sample`` is None before a worker has reported a model, and while one is made.
    ``is_own_in_use``: the model that
    recognises was itself made here, and none is made on top of it."""

    base: str
    sample: OwnSample | None
    going: OwnModel | None
    latest: Told | None
    history: tuple[Told, ...]
    is_own_in_use: bool
    switch: ModelSwitch | None


def own_model_page() -> OwnModelPage:
    require("calibration.view")
    space, base = active_space(), adopted_model()
    rows = list(OwnModel.objects.select_related("job")[:_HISTORY])
    installed = {one.id for one in installed_models()}
    needed = models_needed()
    told = [_told(row, installed=installed, needed=needed) for row in rows]
    ended = tuple(one for one in told if not one.row.is_open)
    going = next((row for row in rows if row.is_open), None)
    return OwnModelPage(
        base=base,
        # The page asks every two seconds while one is made, and does not show it then.
        sample=own_sample(space.pk) if space is not None and going is None else None,
        going=going,
        latest=ended[0] if ended else None,
        history=ended,
        is_own_in_use=base in models_made_here(),
        switch=open_switch(),
    )


def models_made_here() -> frozenset[str]:
    """The ids of all models that were ever made on this page."""
    return frozenset(OwnModel.objects.exclude(model="").values_list("model", flat=True))


def visible_own_model(own_model_id: UUID) -> OwnModel:
    require("calibration.view")
    row = OwnModel.objects.filter(pk=own_model_id).first()
    if row is None:
        raise NotFound("There is no such model of this site.")
    return row


def _told(row: OwnModel, *, installed: set[str], needed: frozenset[str]) -> Told:
    judgement = row.figures.get("judgement")
    return Told(
        row,
        _compared(judgement) if judgement else (),
        is_installed=row.model in installed,
        is_needed=row.model in needed,
    )


def _compared(judgement: dict[str, Any]) -> tuple[Compared, ...]:
    one_in = f"{round(1 / judgement['fmr']):,}"
    lines: tuple[tuple[str, str, Worse], ...] = (
        (f"Recognised where 1 in {one_in} pairs of two people passes", "tmr", "lower"),
        ("The right person comes first", "rank1", "lower"),
        ("Missed where 1 in 100 strangers is named", "fnir", "higher"),
    )
    return tuple(
        Compared(
            label,
            judgement[key]["base"],
            judgement[key]["adapted"],
            100 * (judgement[key]["adapted"] - judgement[key]["base"]),
            100 * judgement[key]["low"],
            100 * judgement[key]["high"],
            worse,
        )
        for label, key, worse in lines
    )
