"""What-ifs, as they are asked for and as they end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from portal.calibration.models import WhatIf, WhatIfChange
from portal.calibration.tally import Tally
from portal.jobs.models import Job
from portal.sightings.models import Visit
from tests.factories.people import SpaceFactory
from tests.factories.sightings import JobFactory

__all__ = ["change_of_visit", "what_if_done", "what_if_of", "what_if_outcome"]


def what_if_of(**fields: Any) -> WhatIf:
    """One that waits for the worker."""
    now = timezone.now()
    values = {
        "space": fields.pop("space", None) or SpaceFactory(),
        "threshold": 0.5,
        "grey_band": 0.05,
        "min_margin": 0.05,
        "from_at": now - timedelta(days=30),
        "to_at": now,
        **fields,
    }
    if "job" not in values:
        values["job"] = JobFactory(kind=Job.Kind.WHAT_IF, title="Try a rule", total=0)
    return WhatIf.objects.create(**values)


def what_if_done(**fields: Any) -> WhatIf:
    """One that found nothing, unless its ``summary`` says otherwise."""
    summary = {
        **Tally().summary(),
        "gallery_size": 1,
        "guarded": 0,
        "offsets": {},
        **fields.pop("summary", {}),
    }
    return what_if_of(
        state=WhatIf.State.DONE,
        job=JobFactory(kind=Job.Kind.WHAT_IF, state=Job.State.DONE, total=1, done=1),
        finished_at=timezone.now(),
        summary=summary,
        **fields,
    )


def change_of_visit(what_if: WhatIf, visit: Visit, **fields: Any) -> WhatIfChange:
    """The visit's name disappears, unless told otherwise."""
    values = {
        "change": WhatIfChange.Change.DISAPPEARS,
        "visit": visit,
        "camera": visit.camera,
        "at": visit.first_at,
        "before_kind": visit.decision,
        "after_kind": "unknown",
        "before_person": visit.person,
        "score": visit.score,
        **fields,
    }
    return WhatIfChange.objects.create(what_if=what_if, **values)


def what_if_outcome(visit: Visit, *, summary: dict[str, Any] | None = None) -> WhatIf:
    """By a stricter rule the name of this visit, the only one of its person's day, disappears."""
    day = visit.first_at.date().isoformat()
    counts = {"appears": 0, "disappears": 1, "changes": 0, "kind": 0}
    person_day = {
        "person": str(visit.person_id),
        "day": day,
        "site": str(visit.site_id),
        "effect": "lost",
        "before": [visit.first_at.isoformat(), visit.last_at.isoformat()],
        "after": None,
    }
    row = what_if_done(
        threshold=0.6,
        replayed=1,
        summary={
            "decided": 1,
            "changes": counts,
            "listed": 1,
            "people": [{"id": str(visit.person_id), "gains": 0, "loses": 1}],
            "people_count": 1,
            "cameras": [{"id": str(visit.camera_id), "decided": 1, **counts}],
            "days": [{"id": day, "decided": 1, **counts}],
            "offsets": {str(visit.camera_id): visit.camera.threshold_offset},
            "attendance": {
                "lost": 1,
                "gained": 0,
                "first": 0,
                "last": 0,
                "affected": 1,
                "person_days": 1,
                "days": [person_day],
            },
            **(summary or {}),
        },
    )
    change_of_visit(row, visit)
    return row
