"""The tasks of calibration: measuring, deciding the past anew, preparing a model, and the watch."""

from __future__ import annotations

from portal.calibration.services.measure import is_run_waiting
from portal.calibration.services.own_model import is_own_model_waiting
from portal.calibration.services.what_if import is_replay_waiting
from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from portal.jobs.dispatch import answer_doorbell, ring
from workers.calibration.measure import measure_waiting
from workers.calibration.own_model import adapt_waiting
from workers.calibration.reembed import embed_waiting, needs_embedding
from workers.calibration.replay import replay_waiting
from workers.calibration.watch import report_when_due, watch_scores
from workers.engine_host import current_host

__all__ = ["measure", "own_model", "reembed", "replay", "report", "sweep", "watch"]

# After this time alerts and other tasks of the light worker get their turn.
REPLAY_BUDGET_S = 1.0
# The same for cameras and enrolments at the recognition worker.
REEMBED_BUDGET_S = 1.0
ADAPT_BUDGET_S = 1.0


@app.task(name="calibration.measure")  # type: ignore[untyped-decorator]
def measure() -> None:
    # Before the database is looked at: a run that is asked for later rings anew.
    answer_doorbell("calibration.measure")
    with acting_as(SYSTEM):
        if measure_waiting(current_host()):
            ring("calibration.measure")


@app.task(name="calibration.replay")  # type: ignore[untyped-decorator]
def replay() -> None:
    answer_doorbell("calibration.replay")
    with acting_as(SYSTEM):
        if replay_waiting(budget_s=REPLAY_BUDGET_S):
            ring("calibration.replay")


@app.task(name="calibration.reembed")  # type: ignore[untyped-decorator]
def reembed() -> None:
    answer_doorbell("calibration.reembed")
    with acting_as(SYSTEM):
        if embed_waiting(budget_s=REEMBED_BUDGET_S):
            ring("calibration.reembed")


@app.task(name="calibration.own_model")  # type: ignore[untyped-decorator]
def own_model() -> None:
    answer_doorbell("calibration.own_model")
    with acting_as(SYSTEM):
        if adapt_waiting(current_host(), budget_s=ADAPT_BUDGET_S):
            ring("calibration.own_model")


@app.task(name="calibration.sweep")  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Rings where a bell, or a worker, was lost."""
    with acting_as(SYSTEM):
        if is_run_waiting():
            ring("calibration.measure")
        if is_replay_waiting():
            ring("calibration.replay")
        if needs_embedding():
            ring("calibration.reembed")
        if is_own_model_waiting():
            ring("calibration.own_model")


@app.task(name="calibration.watch")  # type: ignore[untyped-decorator]
def watch() -> None:
    with acting_as(SYSTEM):
        watch_scores()


@app.task(name="calibration.report")  # type: ignore[untyped-decorator]
def report() -> None:
    with acting_as(SYSTEM):
        report_when_due()
