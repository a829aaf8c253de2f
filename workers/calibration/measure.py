"""Working off the measurements that were asked for. Public surface: ``measure_waiting``."""

from __future__ import annotations

import structlog

from portal.calibration.figures import to_json
from portal.calibration.models import CalibrationRun
from portal.calibration.services.measure import (
    abandon_run,
    fail_run,
    finish_run,
    take_run,
)
from portal.calibration.wishes import wish_of
from portal.cameras.models import Camera
from portal.jobs.selectors import cancelled_jobs
from portal.jobs.services import advance_job
from portal.people.selectors import gallery_revision
from recognition.calibration import EvidenceRejected
from recognition.errors import RecognitionError
from workers.calibration.evidence import gallery_of, gather
from workers.calibration.priors import prior_of
from workers.calibration.summary import summarised
from workers.engine_host import EngineHost, spare_host

__all__ = ["measure_waiting"]

logger = structlog.get_logger(__name__)


def measure_waiting(host: EngineHost) -> bool:
    """Measure for the oldest run that waits; True where one did, and another may."""
    run = take_run()
    if run is None:
        return False
    try:
        _measure(host, run)
    except Exception:  # a process boundary: one that cannot be measured must not be tried for ever
        logger.exception("measurement_failed", run=str(run.pk))
        fail_run(run, "The measurement failed unexpectedly. The worker's log says why.")
    return True


def _measure(host: EngineHost, run: CalibrationRun) -> None:
    if run.space is not None and run.space != host.space:
        try:
            # Of a model in shadow: its threshold is measured before anything is decided by it.
            host = spare_host(run.space.model_id)
        except RecognitionError as error:
            fail_run(run, error.message)
            return
    # Before the gallery, so that a change in between makes the outcome outdated, never wrongly new.
    revision = gallery_revision()
    gallery = gallery_of(host)
    if gallery is None:
        fail_run(run, "Nobody is enrolled yet, so there is nothing to measure. Enrol people first.")
        return
    host.gallery.refresh()
    _advance(run)
    gathered = gather(host, gallery)
    _advance(run)
    try:
        figures = summarised(
            gathered,
            wish=wish_of(run.wish),
            policy=host.policy(),
            prior=prior_of(host.space.model_id),
            offsets=_offsets(),
        )
    except EvidenceRejected as error:
        fail_run(run, str(error))
        return
    if run.job_id is not None and cancelled_jobs([run.job_id]):
        abandon_run(run)
        return
    finish_run(
        run,
        space=host.space,
        gallery_size=len(gallery),
        revision=revision,
        result=to_json(figures),
        is_enough=figures.lacking is None,
    )


def _offsets() -> dict[str, float]:
    """What each camera adds to the threshold by which it decides now."""
    rows = Camera.objects.exclude(threshold_offset=0.0)
    return {str(pk): offset for pk, offset in rows.values_list("pk", "threshold_offset")}


def _advance(run: CalibrationRun) -> None:
    """Also the sign of life by which a lost worker is told from a slow one."""
    if run.job_id is not None:
        advance_job(run.job_id, done=1)
