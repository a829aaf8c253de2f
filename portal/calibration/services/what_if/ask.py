"""Asking what a rule would have decided, and stopping it. Public surface: ``ProposedRule``,
``ask_what_if``, ``cancel_what_if``, ``LONGEST``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.calibration.models import WhatIf
from portal.calibration.selectors.runs import Measured
from portal.calibration.selectors.what_if.measured import is_choice
from portal.calibration.wishes import wish_json, wish_of
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.events import CalibrationChanged, publish_on_commit
from portal.engines.selectors import active_space
from portal.jobs.dispatch import ring_on_commit
from portal.jobs.models import Job
from portal.jobs.services import cancel_job, create_job
from portal.people.selectors import gallery_people_count

__all__ = ["LONGEST", "RANGES", "ProposedRule", "ask_what_if", "cancel_what_if"]

LONGEST: Final = timedelta(days=366)
# What the form offers: beyond it everybody, or nobody, would be given a name.
RANGES: Final[dict[str, tuple[float, float]]] = {
    "threshold": (0.05, 0.99),
    "grey_band": (0.0, 0.5),
    "min_margin": (0.0, 0.5),
}
_MOST_WAITING: Final = 5
_OPEN: Final = (WhatIf.State.WAITING, WhatIf.State.RUNNING)


@dataclass(frozen=True, slots=True)
class ProposedRule:
    """Cosine units, as in ``DecisionPolicy``; the threshold is that for the present gallery."""

    threshold: float
    grey_band: float
    min_margin: float


@transaction.atomic
def ask_what_if(
    rule: ProposedRule,
    *,
    from_at: datetime,
    to_at: datetime,
    measured: Measured | None = None,
) -> WhatIf:
    """Have what was decided from ``from_at`` until before ``to_at`` decided anew by ``rule``.

    ``measured`` is the measurement that the rule comes from. It is kept with the rule only where
    the threshold is the one that was measured: one that was moved by hand is whoever's moved it,
    and promises nothing. Nothing of the past is changed. Raises ``DomainError`` (``what_if.*``) for
    numbers or a span that cannot be, and for too many at once.
    """
    actor = require("calibration.manage")
    _check_rule(rule)
    _check_span(from_at, to_at)
    space = active_space()
    if space is None:
        raise DomainError(
            "Nothing was recognised yet, so there is nothing to decide anew. Start the recognition "
            "worker and enrol somebody first.",
            code="what_if.no_space",
            http_status=409,
        )
    if measured is not None and measured.run.space_id != space.pk:
        raise DomainError(
            "That threshold was measured for another model, and means nothing to the one that "
            "decides now. Measure again.",
            code="what_if.other_space",
            http_status=409,
        )
    if WhatIf.objects.filter(state__in=_OPEN).count() >= _MOST_WAITING:
        raise DomainError(
            f"{_MOST_WAITING} what-ifs are waiting already. Let one of them end, or stop it.",
            code="what_if.too_many",
            http_status=409,
        )
    people = gallery_people_count()
    if measured is not None and not is_choice(rule.threshold, measured, gallery_size=people):
        measured = None
    days = max(1, round((to_at - from_at) / timedelta(days=1)))
    what_if = WhatIf.objects.create(
        job=create_job(
            kind=Job.Kind.WHAT_IF,
            title=f"Try threshold {rule.threshold:.3f} on {days} day{'s' if days > 1 else ''}",
        ),
        space=space,
        threshold=rule.threshold,
        grey_band=rule.grey_band,
        min_margin=rule.min_margin,
        wish=wish_json(wish_of(measured.run.wish)) if measured is not None else {},
        run=measured.run if measured is not None else None,
        # The threshold is for this many people, however many there are when the replay ends.
        summary={"gallery_size": people},
        from_at=from_at,
        to_at=to_at,
        author_id=actor.id,
        author_label=actor.label[:254],
    )
    record(
        "calibration.what_if.asked",
        target=what_if,
        after={
            "threshold": rule.threshold,
            "grey_band": rule.grey_band,
            "min_margin": rule.min_margin,
            "from": from_at.isoformat(),
            "to": to_at.isoformat(),
        },
    )
    ring_on_commit("calibration.replay")
    return what_if


@transaction.atomic
def cancel_what_if(what_if: WhatIf) -> WhatIf:
    """Stop it; one that is over is left as it is."""
    require("calibration.manage")
    row = WhatIf.objects.select_for_update(of=("self",)).get(pk=what_if.pk)
    if row.state not in _OPEN:
        return row
    if row.job is not None and not row.job.is_finished:
        cancel_job(row.job)
    row.state, row.finished_at = WhatIf.State.CANCELLED, timezone.now()
    row.save(update_fields=["state", "finished_at"])
    publish_on_commit("calibration", CalibrationChanged(type="calibration.changed", part="what_if"))
    return row


def _check_rule(rule: ProposedRule) -> None:
    for name, (low, high) in RANGES.items():
        value = getattr(rule, name)
        if not (math.isfinite(value) and low <= value <= high):
            raise DomainError(
                f"The {name.replace('_', ' ').replace('min ', '')} is {value}; from {low} to "
                f"{high} is possible.",
                code="what_if.range",
                http_status=422,
                data={"field": name},
            )


def _check_span(from_at: datetime, to_at: datetime) -> None:
    if not timedelta(0) < to_at - from_at <= LONGEST:
        raise DomainError(
            f"The span must end after it begins, and be {LONGEST.days} days at most.",
            code="what_if.span",
            http_status=422,
            data={"field": "from_day"},
        )
