"""All that the Model page says. Public surface: ``model_page`` and its parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portal.calibration.models import CalibrationRun, ModelSwitch
from portal.calibration.selectors.comparison import (
    Comparison,
    Example,
    compare,
    compare_pictures,
    examples,
)
from portal.calibration.selectors.runs import Measured, measured_run
from portal.calibration.selectors.shadow import has_unshadowed
from portal.calibration.selectors.switch import (
    is_calibrated,
    open_switch,
    switch_to_go_back,
    switches,
)
from portal.calibration.selectors.templates_of_space import left_out, waiting_photos
from portal.core.context import current_actor, require
from portal.engines.installed import InstalledModel, adoption_in_force, installed_models
from portal.engines.models import DecisionRule, RuleProposal, Space, WorkerReport
from portal.engines.selectors import active_space, adopted_model, rule_in_force
from portal.people.selectors import PersonName, names_of

__all__ = ["Going", "InUse", "ModelPage", "model_page"]

_HISTORY: Final = 20
# Named on the page; the command prints them all.
_NAMED: Final = 50


@dataclass(frozen=True, slots=True)
class InUse:
    """The model that decides. ``known`` is None before a worker has said what it has."""

    id: str
    space: Space | None
    known: InstalledModel | None
    since: datetime | None
    by: str
    refused: str


@dataclass(frozen=True, slots=True)
class Going:
    """A switch on its way. ``missing`` people would not be recognised; ``named`` are those of them
    whose names the actor may see."""

    switch: ModelSwitch
    waiting: int
    missing: int
    named: tuple[PersonName, ...]
    comparison: Comparison | None
    # Of these alone both models saw the same: see ``compare_pictures``.
    pictures: Comparison | None
    examples: tuple[Example, ...]
    is_calibrated: bool
    rule: DecisionRule | None
    proposal: RuleProposal | None
    run: CalibrationRun | None
    measured: Measured | None
    # Something is at work: what the page says will be otherwise in a moment.
    is_busy: bool

    @property
    def ended(self) -> int:
        return self.switch.embedded + self.switch.failed

    @property
    def not_named(self) -> int:
        return self.missing - len(self.named)


@dataclass(frozen=True, slots=True)
class ModelPage:
    in_use: InUse
    others: tuple[InstalledModel, ...]
    is_worker_there: bool
    going: Going | None
    back: ModelSwitch | None
    back_waiting: int
    back_missing: int
    failed: ModelSwitch | None
    history: tuple[ModelSwitch, ...]


def model_page() -> ModelPage:
    require("calibration.view")
    installed = installed_models()
    model = adopted_model()
    switch, back = open_switch(), switch_to_go_back()
    history = tuple(switches()[:_HISTORY])
    latest = history[0] if history else None
    return ModelPage(
        in_use=_in_use(model, installed),
        others=tuple(one for one in installed if one.id != model),
        is_worker_there=bool(installed),
        going=_going(switch) if switch is not None else None,
        back=back if switch is None else None,
        back_waiting=waiting_photos(back.from_space_id or "").count() if back is not None else 0,
        back_missing=len(left_out(back.to_space_id or "", back.from_space_id or ""))
        if back is not None
        else 0,
        failed=latest if latest is not None and latest.state == ModelSwitch.State.FAILED else None,
        history=history,
    )


def _in_use(model: str, installed: list[InstalledModel]) -> InUse:
    adoption = adoption_in_force()
    reports = WorkerReport.objects.filter(
        role=WorkerReport.Role.RECOGNITION, state=WorkerReport.State.FAILED
    )
    report = reports.order_by("-heartbeat_at").first()
    checks = report.checks if report is not None else []
    return InUse(
        id=model,
        space=adoption.space if adoption is not None else active_space(),
        known=next((one for one in installed if one.id == model), None),
        since=adoption.created_at if adoption is not None else None,
        by=adoption.actor_label if adoption is not None else "",
        refused=next((check["detail"] for check in checks if not check["ok"]), ""),
    )


def _going(switch: ModelSwitch) -> Going:
    from_id, to_id = switch.from_space_id or "", switch.to_space_id or ""
    in_shadow = switch.state == ModelSwitch.State.SHADOW
    missing = left_out(from_id, to_id) if in_shadow else frozenset()
    named = names_of(sorted(missing)[:_NAMED]) if current_actor().may("people.view") else {}
    runs = CalibrationRun.objects.filter(space=to_id).select_related("job") if in_shadow else None
    run = runs.first() if runs is not None else None
    has_figures = run is not None and run.state in {
        CalibrationRun.State.DONE,
        CalibrationRun.State.INSUFFICIENT,
    }
    rule = rule_in_force(to_id) if to_id else None
    is_measured = run is not None and run.finished_at is None
    return Going(
        switch=switch,
        waiting=waiting_photos(to_id).count() if to_id else 0,
        missing=len(missing),
        named=tuple(sorted(named.values(), key=lambda one: one.name)),
        comparison=compare(switch) if in_shadow else None,
        pictures=compare_pictures(switch) if in_shadow else None,
        examples=tuple(examples(switch)) if in_shadow else (),
        is_calibrated=switch.to_space is not None and is_calibrated(switch.to_space),
        rule=rule,
        proposal=RuleProposal.objects.filter(
            state=RuleProposal.State.OPEN, rule__space=to_id
        ).first(),
        run=run,
        measured=measured_run(run.pk) if run is not None and has_figures else None,
        is_busy=not in_shadow or is_measured or rule != switch.rule or has_unshadowed(switch),
    )
