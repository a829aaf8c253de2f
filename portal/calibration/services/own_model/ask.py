"""What people ask for: begin, leave, remove."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.calibration.models import OwnModel
from portal.calibration.selectors.own_model import models_made_here
from portal.calibration.selectors.own_sample import own_sample
from portal.calibration.selectors.switch import models_needed
from portal.core.context import require
from portal.core.errors import DomainError, NotFound
from portal.core.events import CalibrationChanged, publish_on_commit
from portal.engines.selectors import active_space, adopted_model
from portal.jobs.dispatch import ring_on_commit
from portal.jobs.models import Job
from portal.jobs.services import create_job, finish_job

__all__ = ["OwnModelRefused", "ask_for_own_model", "cancel_own_model", "remove_own_model", "tell"]

_State = OwnModel.State


class OwnModelRefused(DomainError):
    """No model can be made, or removed, so now."""

    code = "calibration.own_model"
    http_status = 409


@transaction.atomic
def ask_for_own_model() -> OwnModel:
    """Have the recognition worker adapt the model in use; nothing is decided by it yet.

    Raises ``OwnModelRefused`` while one is made, where the model in use was made here itself, and
    where people are too few, with how many more are needed.
    """
    actor = require("calibration.manage")
    if OwnModel.objects.filter(state__in=OwnModel.OPEN).exists():
        raise OwnModelRefused("A model of this site is being made already.")
    space, base = active_space(), adopted_model()
    if space is None:
        raise OwnModelRefused("No recognition worker has reported yet. Start Gatehouse first.")
    if base in models_made_here():
        raise OwnModelRefused(
            f"{base} was made here itself. Go back to the model before it under Model first: an "
            "adaptation of an adaptation would be judged against the wrong one."
        )
    need = own_sample(space.pk).need
    if not need.is_enough:
        raise OwnModelRefused(
            f"{need.people} people have two pictures or more; about {need.more_people} more are "
            "needed. Enrol them, add photos, or confirm sightings.",
            code="calibration.own_model_too_few",
            data={"people": need.people, "more_people": need.more_people},
        )
    job = create_job(kind=Job.Kind.OWN_MODEL, title=f"Adapt {base} to this site")
    row = OwnModel.objects.create(job=job, space=space, base=base, author_label=actor.label[:254])
    record("calibration.own_model.asked", target=row, after={"base": base, "people": need.people})
    tell()
    ring_on_commit("calibration.own_model")
    return row


@transaction.atomic
def cancel_own_model(own_model_id: UUID) -> OwnModel:
    """Leave it; nothing was made."""
    require("calibration.manage")
    row = _locked(own_model_id)
    if not row.is_open:
        raise OwnModelRefused("It has ended by now; look at the page again.")
    row.state, row.finished_at = _State.CANCELLED, timezone.now()
    row.save(update_fields=["state", "finished_at"])
    if row.job is not None and not row.job.is_finished:
        finish_job(row.job.pk, state=Job.State.CANCELLED)
    record("calibration.own_model.cancelled", target=row)
    tell()
    return row


@transaction.atomic
def remove_own_model(own_model_id: UUID) -> OwnModel:
    """Have the worker delete the model's file. Raises ``OwnModelRefused`` while it is needed: in
    use, being prepared, or one click away."""
    require("calibration.manage")
    row = _locked(own_model_id)
    if not row.is_kept:
        raise OwnModelRefused("It was removed already, or never made.")
    if row.model in models_needed():
        raise OwnModelRefused(
            f"{row.model} is in use, is being prepared, or can be gone back to by one click. Change "
            "to another model first."
        )
    row.removal_asked_at = timezone.now()
    row.save(update_fields=["removal_asked_at"])
    record("calibration.own_model.removed", target=row, before={"model": row.model})
    tell()
    ring_on_commit("calibration.own_model")
    return row


def tell() -> None:
    publish_on_commit(
        "calibration", CalibrationChanged(type="calibration.changed", part="own_model")
    )


def _locked(own_model_id: UUID) -> OwnModel:
    row = OwnModel.objects.select_for_update(of=("self",)).filter(pk=own_model_id).first()
    if row is None:
        raise NotFound("There is no such model of this site.")
    return row
