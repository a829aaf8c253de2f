"""What the worker writes of a replay. It is taken up, tells how far it is, and ends once.

The rows of changes are written at the end, together with the state: whatever a worker that died
had found is found again, and nothing stands there twice. Public surface: ``is_replay_waiting``,
``take_up``, ``tell_progress``, ``finish``, ``fail``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from portal.calibration.models import WhatIf, WhatIfChange
from portal.calibration.tally import Outcome
from portal.cameras.models import Camera
from portal.core.events import CalibrationChanged, publish_on_commit
from portal.jobs.models import Job
from portal.jobs.services import finish_job, set_progress, start_job
from portal.people.models import Person
from portal.sightings.models import RecognisedFace, Visit

__all__ = ["fail", "finish", "is_replay_waiting", "take_up", "tell_progress"]

# A worker that is at work tells so with every part, which take a fraction of a second.
SILENT_AFTER: Final = timedelta(seconds=30)
_AT_ONCE: Final = 500


def is_replay_waiting() -> bool:
    """Whether the light worker is to be rung: somewhere a bell, or a worker, was lost."""
    return _waiting().exists()


def _waiting() -> QuerySet[WhatIf]:
    # Without a job (its log was purged) nobody works at it either.
    silent = Q(job=None) | Q(job__changed_at__lt=timezone.now() - SILENT_AFTER)
    return WhatIf.objects.filter(
        Q(state=WhatIf.State.WAITING) | (Q(state=WhatIf.State.RUNNING) & silent)
    )


@transaction.atomic
def take_up() -> WhatIf | None:
    """The oldest that waits, or whose worker fell silent; None where there is none.

    Those whose job was cancelled meanwhile are closed on the way.
    """
    for row in _waiting().select_for_update(of=("self",)).order_by("pk"):
        job = row.job
        if job is None or job.is_finished:
            _close(row, WhatIf.State.CANCELLED)
            continue
        row.state = WhatIf.State.RUNNING
        row.save(update_fields=["state"])
        start_job(job.pk)
        set_progress(job.pk, total=0, done=0, failed=0)
        return row
    return None


def tell_progress(what_if: WhatIf, *, done: int, total: int) -> bool:
    """False where it is to go no further: it was cancelled, or another worker ended it."""
    job_id = what_if.job_id
    if job_id is None or set_progress(job_id, total=total, done=done, failed=0).is_finished:
        with transaction.atomic():
            row = _running(what_if.pk)
            if row is not None:
                _close(row, WhatIf.State.CANCELLED)
        return False
    return WhatIf.objects.filter(pk=what_if.pk, state=WhatIf.State.RUNNING).exists()


@transaction.atomic
def finish(
    what_if_id: UUID, *, changes: Sequence[Outcome], summary: Mapping[str, Any], replayed: int
) -> bool:
    """Write the outcome; False where it ended meanwhile, and nothing is written.

    Visits, faces and people that were deleted since they were read are left out.
    """
    row = _running(what_if_id)
    if row is None:
        return False
    kept = _still_there(changes)
    WhatIfChange.objects.filter(what_if=row).delete()
    WhatIfChange.objects.bulk_create([_row_of(row, one) for one in kept], batch_size=_AT_ONCE)
    # What was written when it was asked for stays: for how many people the threshold is.
    row.summary = {**summary, "listed": len(kept), **row.summary}
    row.replayed = replayed
    _close(row, WhatIf.State.DONE)
    if row.job_id is not None:
        finish_job(row.job_id, message=_in_words(summary["changes"]))
    return True


@transaction.atomic
def fail(what_if_id: UUID, message: str) -> None:
    row = _running(what_if_id)
    if row is None:
        return
    row.error = message[:500]
    _close(row, WhatIf.State.FAILED)
    if row.job_id is not None:
        finish_job(row.job_id, state=Job.State.FAILED, message=message)


def _running(what_if_id: UUID) -> WhatIf | None:
    rows = WhatIf.objects.select_for_update(of=("self",)).filter(pk=what_if_id)
    return rows.filter(state=WhatIf.State.RUNNING).first()


def _close(row: WhatIf, state: str) -> None:
    row.state, row.finished_at = state, timezone.now()
    row.save(update_fields=["state", "finished_at", "summary", "replayed", "error"])
    publish_on_commit("calibration", CalibrationChanged(type="calibration.changed", part="what_if"))


def _still_there(changes: Sequence[Outcome]) -> list[Outcome]:
    visits = _existing(Visit, {one.visit_id for one in changes})
    faces = _existing(RecognisedFace, {one.face_id for one in changes})
    cameras = _existing(Camera, {one.camera_id for one in changes})
    named = {UUID(name) for one in changes for name in (one.was, one.becomes) if name}
    people = {str(pk) for pk in _existing(Person, named)}
    return [
        one
        for one in changes
        if {one.visit_id} <= visits
        and {one.face_id} <= faces
        and {one.camera_id} <= cameras
        and {one.was, one.becomes} <= people | {None}
    ]


def _existing(model: type[Model], wanted: Collection[Any]) -> set[Any]:
    """Those of ``wanted`` that are in the database, and None."""
    keys = [key for key in wanted if key is not None]
    found: set[Any] = {None}
    for start in range(0, len(keys), _AT_ONCE):
        rows = model._default_manager.filter(pk__in=keys[start : start + _AT_ONCE])
        found.update(rows.values_list("pk", flat=True))
    return found


def _row_of(what_if: WhatIf, one: Outcome) -> WhatIfChange:
    return WhatIfChange(
        what_if=what_if,
        change=one.change,
        visit_id=one.visit_id,
        face_id=one.face_id,
        camera_id=one.camera_id,
        at=one.at,
        before_kind=one.before,
        after_kind=one.after,
        before_person_id=one.was,
        after_person_id=one.becomes,
        score=one.score,
    )


def _in_words(changes: Mapping[str, int]) -> str:
    return (
        f"{changes['disappears']:,} names would disappear, {changes['appears']:,} would appear, "
        f"{changes['changes']:,} would be another."
    )
