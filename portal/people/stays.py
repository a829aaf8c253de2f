"""Where people belonged on which dates. Public surface: ``Place``, ``Stay``, ``stay_on``,
``stays_of``.

It asks for no right: days are computed from it, and pages that show days ask for theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from portal.people.models import FormerPlace

__all__ = ["Place", "Stay", "stay_on", "stays_of"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody belongs."""

    site_id: UUID
    department_id: UUID | None


@dataclass(frozen=True, slots=True)
class Stay:
    """Where somebody belonged until ``last_day``, and since the end of the stay before it."""

    last_day: date
    site_id: UUID
    department_id: UUID | None
    zone: str


def stays_of(person_ids: Collection[UUID] | None) -> dict[UUID, tuple[Stay, ...]]:
    """The former stays of these people (None: of everybody), the earliest first. Who was never
    moved is left out. One query."""
    rows = FormerPlace.objects.order_by("last_day")
    if person_ids is not None:
        rows = rows.filter(person__in=person_ids)
    found: dict[UUID, list[Stay]] = {}
    for person_id, last_day, site_id, department_id, zone in rows.values_list(
        "person_id", "last_day", "site_id", "department_id", "site__time_zone"
    ):
        found.setdefault(person_id, []).append(Stay(last_day, site_id, department_id, zone))
    return {person_id: tuple(stays) for person_id, stays in found.items()}


def stay_on(stays: Sequence[Stay], day: date) -> Stay | None:
    """The former stay that a date lies in; None where the present place holds."""
    return next((stay for stay in stays if day <= stay.last_day), None)
