"""How many passages a human was asked about, and how long they waited for the answer.

Public surface: ``review_waits`` with ``Waits``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from django.db.models import Count, Min, Q
from django.utils import timezone

from portal.calibration.selectors.shares import Share
from portal.core.context import require
from portal.review.selectors.reach import within_sites
from portal.sightings.models import RecognisedFace, Visit

__all__ = ["Waits", "review_waits"]

# Of more answers than these the newest tell enough of how long people wait.
_MOST: Final = 5_000


@dataclass(frozen=True, slots=True)
class Waits:
    """``asked`` of all passages; of the answers the middle wait and the longest; of those that
    still wait, how many and since when."""

    since: datetime
    asked: Share
    answered: int
    middle: timedelta | None
    longest: timedelta | None
    waiting: int
    oldest_at: datetime | None


def review_waits(*, days: int) -> Waits:
    """Of passages of the last ``days`` at the sites that the actor may review."""
    actor = require("review.view")
    since = timezone.now() - timedelta(days=days)
    visits = Visit.objects.filter(within_sites(actor), first_at__gte=since).order_by()
    uncertain = Q(decision=RecognisedFace.Decision.UNCERTAIN)
    open_ = uncertain & Q(settled_as="")
    counts = visits.aggregate(
        all=Count("pk"),
        asked=Count("pk", filter=uncertain),
        waiting=Count("pk", filter=open_),
        oldest=Min("first_at", filter=open_),
    )
    answers = visits.filter(uncertain).exclude(settled_as="").exclude(settled_at=None)
    moments = answers.order_by("-settled_at").values_list("last_at", "settled_at")[:_MOST]
    waits_s = [max((at - seen).total_seconds(), 0.0) for seen, at in moments if at is not None]
    return Waits(
        since=since,
        asked=Share(counts["asked"], counts["all"]),
        answered=counts["asked"] - counts["waiting"],
        middle=timedelta(seconds=median(waits_s)) if waits_s else None,
        longest=timedelta(seconds=max(waits_s)) if waits_s else None,
        waiting=counts["waiting"],
        oldest_at=counts["oldest"],
    )
