"""Whose own lead over everybody else is smallest: who may be taken for another one next.

Public surface: ``small_leads`` with ``Lead`` from passages, ``measured_leads`` with ``MeasuredLead``
from a measurement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db.models import Avg, Count, Min
from django.utils import timezone

from portal.calibration.figures import LowMarginFigure
from portal.core.context import require
from portal.people.models import Person
from portal.people.selectors import PersonName, names_of
from portal.sightings.models import Visit
from portal.sightings.selectors.visits import visits_within

__all__ = ["LEAST_PASSAGES", "Lead", "MeasuredLead", "measured_leads", "small_leads"]

# Fewer passages than these say more of one bad picture than of the person.
LEAST_PASSAGES: Final = 3
# Passages of the people of one list, the closest first, to see who the second one was.
_SECONDS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Lead:
    """On average, and at the least, ``person`` was so much more similar than the next one.

    ``second`` is who was next when it was least; None where the actor may not see them.
    """

    person: PersonName
    passages: int
    mean: float
    least: float
    second: PersonName | None


@dataclass(frozen=True, slots=True)
class MeasuredLead:
    """In one search of a measurement ``person`` was so much more similar than ``second``, who is
    None where the actor may not see them. Below 0 it was the other way round."""

    person: PersonName
    lead: float
    own_score: float
    second: PersonName | None


def measured_leads(
    figures: Iterable[LowMarginFigure], *, most: int = 10
) -> tuple[MeasuredLead, ...]:
    """The smallest first, of people whom the actor may see: what is known before anybody passed."""
    require("people.view")
    require("sightings.view")
    found = sorted(figures, key=lambda one: (one.margin, one.person_id, one.other_id))
    names = names_of({pk for one in found for pk in (one.person_id, one.other_id)})
    return tuple(
        MeasuredLead(names[one.person_id], one.margin, one.own_score, names.get(one.other_id))
        for one in found
        if one.person_id in names
    )[:most]


def small_leads(*, days: int, most: int = 10) -> tuple[Lead, ...]:
    """The smallest mean first, of people in use who passed often enough in the last ``days``.

    Counts passages that nobody contradicted; where somebody else's name was put in, the lead was
    not that person's.
    """
    require("people.view")
    actor = require("sightings.view")
    since = timezone.now() - timedelta(days=days)
    rows = (
        Visit.objects.filter(
            visits_within(actor),
            first_at__gte=since,
            margin__isnull=False,
            person__status=Person.Status.ACTIVE,
        )
        .exclude(settled_as=Visit.Settled.ASSIGNED)
        .order_by()
    )
    found = list(
        rows.values("person_id")
        .annotate(passages=Count("pk"), mean=Avg("margin"), least=Min("margin"))
        .filter(passages__gte=LEAST_PASSAGES)
        .order_by("mean", "person_id")[:most]
    )
    people = [row["person_id"] for row in found]
    seconds: dict[UUID, str] = {}
    closest = rows.filter(person__in=people).order_by("margin", "pk")
    for person_id, candidates in closest.values_list("person_id", "candidates")[:_SECONDS]:
        if len(candidates) > 1:
            seconds.setdefault(person_id, str(candidates[1][0]))
    names = names_of({str(pk) for pk in people} | set(seconds.values()))
    return tuple(
        Lead(
            person=names[str(row["person_id"])],
            passages=row["passages"],
            mean=row["mean"],
            least=row["least"],
            second=names.get(seconds.get(row["person_id"], "")),
        )
        for row in found
        if str(row["person_id"]) in names
    )
