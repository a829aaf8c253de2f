"""Beginning to prepare another model, and leaving it."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.calibration.models import EmbeddingFailure, ModelSwitch, OwnModel
from portal.calibration.selectors.switch import open_switch
from portal.calibration.services.switch._moving import SwitchRefused, lock_switch, tell
from portal.core.context import require
from portal.engines.installed import installed_models
from portal.engines.selectors import active_space, adopted_model
from portal.jobs.dispatch import ring_on_commit
from portal.jobs.models import Job
from portal.jobs.services import create_job, finish_job
from portal.people.models import FaceTemplate

__all__ = ["cancel_switch", "start_switch"]

_State = ModelSwitch.State


@transaction.atomic
def start_switch(model: str, *, known: bool = False) -> ModelSwitch:
    """Begin to make templates with ``model`` in the background; nothing is decided by it yet.

    ``known`` where the caller has made sure that the model can be loaded. Raises ``SwitchRefused``.
    """
    actor = require("calibration.manage")
    before = adopted_model()
    going = open_switch()
    if going is not None:
        raise SwitchRefused(
            f"The model {going.model} is being prepared already. Finish or cancel that first.",
            code="calibration.switch_going_on",
        )
    if model == before:
        raise SwitchRefused(f"The model {model} is in use already.", code="calibration.switch_same")
    if not known and model not in {one.id for one in installed_models()}:
        raise SwitchRefused(
            f"No recognition worker has a model called {model!r}. Add it first: "
            "python manage.py models add FILE --id NAME",
            code="calibration.switch_unknown",
        )
    # Locked, so that its removal is asked for before, and seen here, or after, and refused there.
    own = OwnModel.objects.select_for_update().filter(model=model).first()
    if own is not None and not own.is_kept:
        raise SwitchRefused(f"{model} was removed.", code="calibration.switch_unknown")
    space = active_space()
    job = create_job(kind=Job.Kind.REEMBED, title=f"Prepare the model {model}")
    switch = ModelSwitch.objects.create(
        job=job,
        model=model,
        from_model=before,
        from_space=space,
        actor_label=actor.label[:254],
    )
    record(
        "calibration.switch.started",
        target=switch,
        before={"model": before},
        after={"model": model},
    )
    tell()
    ring_on_commit("calibration.reembed")
    return switch


@transaction.atomic
def cancel_switch(switch_id: UUID) -> ModelSwitch:
    """Leave it: the model in use was never touched. The new vectors, which nobody needs, go."""
    require("calibration.manage")
    switch = lock_switch(switch_id, expected=(_State.PREPARING, _State.SHADOW))
    switch.state, switch.ended_at = _State.CANCELLED, timezone.now()
    switch.save(update_fields=["state", "ended_at"])
    deleted = 0
    if switch.to_space_id is not None and not _was_used(switch):
        deleted, _ = FaceTemplate.objects.filter(space=switch.to_space_id).delete()
        EmbeddingFailure.objects.filter(space=switch.to_space_id).delete()
    if switch.job is not None and not switch.job.is_finished:
        finish_job(switch.job.pk, state=Job.State.CANCELLED)
    record(
        "calibration.switch.cancelled",
        target=switch,
        after={"model": switch.model, "templates_deleted": deleted},
    )
    tell()
    return switch


def _was_used(switch: ModelSwitch) -> bool:
    """Photos may have been enrolled with it then, and have no other vector."""
    return (
        ModelSwitch.objects.filter(to_space=switch.to_space_id, cut_over_at__isnull=False).exists()
        or ModelSwitch.objects.filter(
            from_space=switch.to_space_id, cut_over_at__isnull=False
        ).exists()
    )
