"""Telling browsers that something was decided: ids only, once the transaction is committed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from portal.core.events import ReviewChanged, VisitsChanged, publish_on_commit
from portal.jobs.dispatch import ring_on_commit
from portal.sightings.models import Visit

__all__ = ["tell"]

_A_MESSAGE = 100


def tell(visits: Iterable[Visit]) -> None:
    """These visits changed, and with them what waits for a decision."""
    rows: Sequence[Visit] = list(visits)
    for start in range(0, len(rows), _A_MESSAGE):
        part = rows[start : start + _A_MESSAGE]
        publish_on_commit(
            "live",
            VisitsChanged(
                type="visits.changed",
                ids=[str(one.pk) for one in part],
                camera_ids=[str(one.camera_id) for one in part],
                site_ids=[str(one.site_id) for one in part],
            ),
        )
    publish_on_commit("review", ReviewChanged(type="review.changed"))
    # A visit that lost its name may be a stranger's, and who resembles whom is asked anew.
    ring_on_commit("review.group")
