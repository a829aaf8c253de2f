"""Tasks of the review: strangers, anchors, references, and the sweep that rings again."""

from __future__ import annotations

from uuid import UUID

from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from portal.jobs.dispatch import answer_doorbell, dispatch, ring
from portal.review.services import forget_strangers, waiting_references
from workers.anchors import renew_vectors
from workers.engine_host import current_host
from workers.strangers import add_reference, group_waiting, needs_grouping

__all__ = ["anchor", "group", "purge", "reference", "sweep"]


@app.task(name="review.group")  # type: ignore[untyped-decorator]
def group() -> None:
    # Before the database is looked at: a visit that ends later rings anew.
    answer_doorbell("review.group")
    with acting_as(SYSTEM):
        if group_waiting(current_host()):
            ring("review.group")


@app.task(name="review.anchor")  # type: ignore[untyped-decorator]
def anchor() -> None:
    answer_doorbell("review.anchor")
    with acting_as(SYSTEM):
        if renew_vectors(current_host()):
            ring("review.anchor")


@app.task(name="review.reference")  # type: ignore[untyped-decorator]
def reference(act_id: str) -> None:
    with acting_as(SYSTEM):
        add_reference(current_host(), UUID(act_id))


@app.task(name="review.sweep")  # type: ignore[untyped-decorator]
def sweep() -> None:
    with acting_as(SYSTEM):
        if needs_grouping():
            ring("review.group")
        for act_id in waiting_references():
            dispatch("review.reference", str(act_id))


@app.task(name="review.purge")  # type: ignore[untyped-decorator]
def purge() -> None:
    with acting_as(SYSTEM):
        forget_strangers()
