"""What the worker writes down: each slice of steps once, so that it can be killed at any time and
go on where it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.audit.services import record
from portal.calibration.models import OwnModel
from portal.calibration.selectors.switch import models_needed
from portal.calibration.services.own_model.ask import tell
from portal.core.context import require
from portal.jobs.models import Job
from portal.jobs.services import finish_job, set_progress, start_job

__all__ = [
    "fail_own_model",
    "finish_own_model",
    "is_own_model_waiting",
    "note_removed",
    "note_scores",
    "own_models_to_remove",
    "take_own_model",
]

_State = OwnModel.State
# A worker at work tells so several times a second, but in its last step, the judgement: minutes
# where there are many people.
_SILENT_AFTER: Final = timedelta(minutes=5)
_ENDED: Final = {
    "better": (_State.BETTER, "Better than the model in use; it can be prepared."),
    "no_gain": (_State.NO_GAIN, "No gain on people that it never saw. Nothing was changed."),
    "too_few_people": (_State.TOO_FEW, "Too few people with two pictures or more."),
}


def is_own_model_waiting() -> bool:
    """Whether the worker is to be rung: somewhere a bell, or a worker, was lost."""
    silent = Q(job=None) | Q(job__changed_at__lt=timezone.now() - _SILENT_AFTER)
    waiting = Q(state=_State.WAITING) | (Q(state=_State.TRAINING) & silent)
    return OwnModel.objects.filter(waiting | _to_remove()).exists()


@transaction.atomic
def take_own_model(worker: str) -> OwnModel | None:
    """The one that waits, is this worker's, or was lost by another, for the caller alone.

    It is closed where its job was cancelled.
    """
    require("calibration.manage")
    rows = OwnModel.objects.select_for_update(of=("self",)).select_related("job", "space")
    row = rows.filter(state__in=OwnModel.OPEN).first()
    if row is None:
        return None
    if row.job is None or row.job.is_finished:
        _end(row, _State.CANCELLED)
        return None
    is_lost = row.job.changed_at < timezone.now() - _SILENT_AFTER
    if row.state == _State.TRAINING and row.worker != worker and not is_lost:
        return None
    if row.state == _State.WAITING:
        start_job(row.job.pk)
        row.state = _State.TRAINING
        tell()
    # Taking it is a sign of life.
    Job.objects.filter(pk=row.job.pk).update(changed_at=timezone.now())
    row.worker = worker
    row.save(update_fields=["state", "worker"])
    return row


@transaction.atomic
def note_scores(
    own_model_id: UUID, scores: Mapping[str, float], *, digest: str, total: int
) -> bool:
    """Also the sign of life. False where it was left meanwhile, and is to go no further."""
    require("calibration.manage")
    row = _training(own_model_id)
    if row is None or row.job is None or row.job.is_finished:
        return False
    row.scores, row.sample_digest = dict(scores), digest
    row.save(update_fields=["scores", "sample_digest"])
    set_progress(row.job.pk, total=total, done=len(scores), failed=0)
    tell()
    return True


@transaction.atomic
def finish_own_model(
    own_model_id: UUID,
    *,
    figures: Mapping[str, Any],
    model: str,
    sightings: int,
    cameras: int,
) -> bool:
    """Write the outcome; False where it ended meanwhile: then the caller removes what it made."""
    require("calibration.manage")
    row = _training(own_model_id)
    if row is None:
        return False
    if row.job is None or row.job.is_finished:
        _end(row, _State.CANCELLED)
        return False
    state, said = _ENDED[figures["verdict"]]
    row.figures, row.model = dict(figures), model
    row.sightings, row.cameras = sightings, cameras
    _end(row, state)
    finish_job(row.job.pk, message=said)
    record(
        "calibration.own_model.made",
        target=row,
        after={"verdict": figures["verdict"], "model": model, "people": figures["people"]},
    )
    return True


@transaction.atomic
def fail_own_model(own_model_id: UUID, message: str) -> None:
    require("calibration.manage")
    row = _training(own_model_id)
    if row is None:
        return
    row.error = message[:500]
    _end(row, _State.FAILED)
    if row.job is not None and not row.job.is_finished:
        finish_job(row.job.pk, state=Job.State.FAILED, message=message)
    record("calibration.own_model.failed", target=row)


def own_models_to_remove() -> list[OwnModel]:
    """Those whose file is still there although a person removed them."""
    return list(OwnModel.objects.filter(_to_remove()).exclude(model__in=models_needed()))


@transaction.atomic
def note_removed(own_model_id: UUID) -> None:
    require("calibration.manage")
    OwnModel.objects.filter(pk=own_model_id).update(removed_at=timezone.now())
    tell()


def _to_remove() -> Q:
    return Q(removal_asked_at__isnull=False, removed_at=None)


def _training(own_model_id: UUID) -> OwnModel | None:
    rows = OwnModel.objects.select_for_update(of=("self",)).select_related("job")
    return rows.filter(pk=own_model_id, state=_State.TRAINING).first()


def _end(row: OwnModel, state: str) -> None:
    row.state, row.finished_at = state, timezone.now()
    row.save()
    tell()
