"""What the worker writes down while it prepares a model: each batch once, so that it can be killed
at any time and go on where it was."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import numpy as np
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from portal.audit.services import record
from portal.calibration.models import EmbeddingFailure, ModelSwitch
from portal.calibration.selectors.templates_of_space import coverage, left_out
from portal.calibration.services.switch._moving import lock_switch, tell
from portal.core.context import require
from portal.engines.models import Space
from portal.jobs.models import Job, JobLine
from portal.jobs.services import finish_job, log_line, set_progress, start_job
from portal.people.services.revision import bump_gallery_revision
from portal.people.services.templates import add_templates

__all__ = ["begin_embedding", "fail_switch", "finish_preparing", "note_embedded", "note_failed"]

_State = ModelSwitch.State


@transaction.atomic
def begin_embedding(switch_id: UUID, space: Space) -> ModelSwitch:
    """The engine of the new model is loaded: its space is known. Again after a worker was lost."""
    require("people.manage")
    switch = lock_switch(switch_id, expected=(_State.PREPARING,))
    if switch.to_space_id is None:
        # Crops that could not be read then may be by now.
        EmbeddingFailure.objects.filter(space=space).delete()
        switch.to_space = space
        switch.save(update_fields=["to_space"])
    if switch.job_id is not None:
        start_job(switch.job_id)
    _count(switch)
    tell()
    return switch


@transaction.atomic
def note_embedded(
    vectors: Mapping[UUID, NDArray[np.float32]], *, space: Space, switch: ModelSwitch | None
) -> int:
    """Templates of one batch; without a switch, of photos that came since. Raises ``SwitchRefused``
    where the switch was left meanwhile: then nobody would delete them."""
    if switch is not None:
        switch = lock_switch(switch.pk, expected=(_State.PREPARING,))
    made = add_templates(vectors, space=space, is_announced=switch is None)
    if switch is not None:
        _count(switch)
    return made


@transaction.atomic
def note_failed(reasons: Mapping[UUID, str], *, space: Space, switch: ModelSwitch | None) -> None:
    """Photos that could not be embedded, each with why; their old vectors stay. Raises as
    ``note_embedded``."""
    require("people.manage")
    if switch is not None:
        switch = lock_switch(switch.pk, expected=(_State.PREPARING,))
    EmbeddingFailure.objects.bulk_create(
        [
            EmbeddingFailure(image_id=image_id, space=space, reason=reason[:200])
            for image_id, reason in reasons.items()
        ],
        ignore_conflicts=True,
    )
    if switch is None:
        return
    if switch.job_id is not None:
        for image_id, reason in reasons.items():
            log_line(switch.job_id, f"Photo {image_id}: {reason}", level=JobLine.Level.WARNING)
    _count(switch)


@transaction.atomic
def finish_preparing(switch_id: UUID) -> ModelSwitch:
    """Every photo has a template in the new space, or could not have one: shadow begins."""
    require("people.manage")
    switch = lock_switch(switch_id, expected=(_State.PREPARING,))
    _count(switch)
    switch.state, switch.shadow_at = _State.SHADOW, timezone.now()
    switch.save(update_fields=["state", "shadow_at"])
    # Whoever searches the new space from now on reads all of it.
    bump_gallery_revision()
    missing = len(left_out(switch.from_space_id or "", switch.to_space_id or ""))
    said = f"{switch.embedded} of {switch.photos} photos embedded, {switch.failed} not."
    if missing:
        said += f" {missing} people would not be recognised."
    if switch.job_id is not None:
        finish_job(switch.job_id, message=said)
    record(
        "calibration.switch.prepared",
        target=switch,
        after={
            "model": switch.model,
            "photos": switch.photos,
            "embedded": switch.embedded,
            "failed": switch.failed,
            "people_left_out": missing,
        },
    )
    tell()
    return switch


@transaction.atomic
def fail_switch(switch_id: UUID, message: str) -> ModelSwitch:
    """It cannot be prepared at all; the model in use was never touched."""
    require("people.manage")
    switch = lock_switch(switch_id, expected=(_State.PREPARING, _State.SHADOW))
    switch.state, switch.error, switch.ended_at = _State.FAILED, message[:500], timezone.now()
    switch.save(update_fields=["state", "error", "ended_at"])
    if switch.job is not None and not switch.job.is_finished:
        finish_job(switch.job.pk, state=Job.State.FAILED, message=message)
    record("calibration.switch.failed", target=switch, after={"model": switch.model})
    tell()
    return switch


def _count(switch: ModelSwitch) -> None:
    now = coverage(switch.to_space_id or "")
    switch.photos, switch.embedded, switch.failed = now.photos, now.embedded, now.failed
    switch.save(update_fields=["photos", "embedded", "failed"])
    if switch.job_id is not None and switch.state == _State.PREPARING:
        set_progress(switch.job_id, total=now.photos, done=now.embedded, failed=now.failed)
