"""Measurements: asked for by a person, taken and ended by the recognition worker.

Public surface: the names in ``__all__``; only ``ask_for_run`` is for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.audit.services import record
from portal.calibration.models import CalibrationRun
from portal.calibration.wishes import wish_json, wish_words
from portal.core.context import require
from portal.core.events import CalibrationChanged, publish_on_commit
from portal.engines.models import DecisionRule, Space
from portal.jobs.dispatch import ring_on_commit
from portal.jobs.models import Job
from portal.jobs.services import create_job, finish_job, start_job
from recognition.calibration import Wish

__all__ = [
    "abandon_run",
    "ask_for_run",
    "fail_run",
    "finish_run",
    "is_run_waiting",
    "take_run",
]

# Longer than the longest step of a measurement takes with 20,000 people.
LOST_AFTER: Final = timedelta(minutes=5)
_STEPS: Final = 3
_KEPT: Final = 50
_State = CalibrationRun.State


@transaction.atomic
def ask_for_run(wish: Wish, *, space: Space | None = None) -> CalibrationRun:
    """Have the recognition worker measure, in the space that decides or in that of a model in
    shadow; the same wish that waits already is answered with."""
    actor = require("calibration.manage")
    kept = wish_json(wish)
    waiting = CalibrationRun.objects.filter(state=_State.WAITING, wish=kept, space=space).first()
    if waiting is not None:
        ring_on_commit("calibration.measure")
        return waiting
    job = create_job(
        kind=Job.Kind.CALIBRATE,
        title=f"Measure the threshold: {wish_words(wish)}",
        total=_STEPS,
    )
    run = CalibrationRun.objects.create(
        job=job, wish=kept, space=space, author_label=actor.label[:254]
    )
    record("calibration.run.asked", target=run, after={"wish": kept})
    _tell()
    ring_on_commit("calibration.measure")
    return run


def is_run_waiting() -> bool:
    """Whether a bell has to be rung: for one that waits, or whose worker was lost."""
    return CalibrationRun.objects.filter(_to_be_taken()).exists()


@transaction.atomic
def take_run() -> CalibrationRun | None:
    """The oldest that waits, or was lost by its worker, for the caller alone to measure."""
    require("calibration.manage")
    waiting = CalibrationRun.objects.select_for_update(of=("self",)).filter(_to_be_taken())
    run = waiting.select_related("job").order_by("id").first()
    if run is None:
        return None
    job = run.job
    if job is not None and job.is_finished:
        _end(run, _State.FAILED, error="Cancelled.")
        return take_run()
    if job is not None:
        start_job(job.pk)
        # Begun anew after a loss; saved, so that the job's last sign of life is now.
        Job.objects.filter(pk=job.pk).update(done=0, changed_at=timezone.now())
    run.state = _State.RUNNING
    run.save(update_fields=["state"])
    _tell()
    return run


@transaction.atomic
def finish_run(
    run: CalibrationRun,
    *,
    space: Space,
    gallery_size: int,
    revision: int,
    result: Mapping[str, Any],
    is_enough: bool,
) -> CalibrationRun:
    """What was found. The oldest results are forgotten, but those that a rule or a rehearsal
    refers to."""
    require("calibration.manage")
    run.space, run.gallery_size, run.gallery_revision = space, gallery_size, revision
    run.result = dict(result)
    _end(run, _State.DONE if is_enough else _State.INSUFFICIENT)
    if run.job_id is not None:
        finish_job(
            run.job_id,
            message="The threshold was measured."
            if is_enough
            else "There is not enough evidence for this wish; the page says what is missing.",
        )
    _forget_oldest()
    return run


@transaction.atomic
def fail_run(run: CalibrationRun, message: str) -> None:
    require("calibration.manage")
    _end(run, _State.FAILED, error=message)
    job = Job.objects.filter(pk=run.job_id).first() if run.job_id is not None else None
    if job is not None and not job.is_finished:
        finish_job(job.pk, state=Job.State.FAILED, message=message)


@transaction.atomic
def abandon_run(run: CalibrationRun) -> None:
    """Its job was cancelled meanwhile."""
    require("calibration.manage")
    _end(run, _State.FAILED, error="Cancelled.")


def _forget_oldest() -> None:
    told = {str(run) for run in DecisionRule.objects.values_list("evidence__run", flat=True)}
    ended = CalibrationRun.objects.filter(finished_at__isnull=False, what_ifs=None)
    old = list(ended.values_list("pk", flat=True)[_KEPT:])
    CalibrationRun.objects.filter(pk__in=[pk for pk in old if str(pk) not in told]).delete()


def _end(run: CalibrationRun, state: str, *, error: str = "") -> None:
    run.state, run.error, run.finished_at = state, error[:500], timezone.now()
    run.save()
    _tell()


def _to_be_taken() -> Q:
    before = timezone.now() - LOST_AFTER
    lost = Q(state=_State.RUNNING) & (Q(job=None) | Q(job__changed_at__lt=before))
    return Q(state=_State.WAITING) | lost


def _tell() -> None:
    publish_on_commit("calibration", CalibrationChanged(type="calibration.changed", part="run"))
