"""How many days would come out otherwise if they were computed now. Public surface: ``Preview``,
``preview_recompute``. Nothing is stored."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.utils import timezone

from portal.attendance.models import AttendanceDay
from portal.attendance.services.recompute.rows import seen
from portal.attendance.services.recompute.work import Span, compute
from portal.people.models import Person

__all__ = ["Preview", "preview_recompute"]

_DAYS_AT_ONCE: Final = 6000


@dataclass(frozen=True, slots=True)
class Preview:
    """So many days of so many people would look otherwise; those of settled periods, which would
    be adjusted and not changed, are counted too."""

    days: int
    people: int


def preview_recompute(
    person_ids: Collection[UUID] | None, *, first: date, last: date, now: datetime | None = None
) -> Preview:
    """For these people, None for everybody. Asks for no right."""
    now = now or timezone.now()
    if person_ids is None:
        person_ids = list(Person.objects.values_list("pk", flat=True))
    ids = sorted(set(person_ids))
    days, people = 0, set[UUID]()
    step = max(1, _DAYS_AT_ONCE // max(1, (last - first).days + 1))
    for start in range(0, len(ids), step):
        for pk, number in _differing(ids[start : start + step], first, last, now).items():
            days += number
            people.add(pk)
    return Preview(days, len(people))


def _differing(ids: list[UUID], first: date, last: date, now: datetime) -> dict[UUID, int]:
    computed = compute({pk: Span(first, last) for pk in ids}, now=now)
    stored = {
        (row.person_id, row.work_date, row.occurrence_no): row
        for row in AttendanceDay.objects.filter(
            person__in=computed.spans.keys(), work_date__range=(first, last)
        ).order_by()
        if computed.spans[row.person_id].covers(row.work_date)
    }
    found: dict[UUID, int] = {}
    for pk, results in computed.results.items():
        for result in results:
            row = result.row
            before = stored.pop((pk, row.work_date, row.occurrence_no), None)
            # A day that was never stored is new, not otherwise.
            if before is not None and before.inputs_hash != row.inputs_hash:
                found[pk] = found.get(pk, 0) + (seen(before) != seen(row))
    for pk, _, _ in stored:
        found[pk] = found.get(pk, 0) + 1
    return {pk: number for pk, number in found.items() if number}
