"""From visits to punches: whatever changed since the last time, and again whatever was missed.

Public surface: ``collect_visits``, ``collect_again``, ``collect_of``, ``needs_collecting``, and a
listener that looks again at the visits of whoever is back after a removal. Visits are found by
``changed_at`` behind a durable mark, with an overlap for transactions that were written earlier and
committed later; to look at a visit twice does no harm, since its punches are compared with it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet, prefetch_related_objects
from django.utils import timezone

from portal.attendance.models import CollectMark, Punch
from portal.attendance.passages import registered_passages
from portal.attendance.services.collect.close import mark_close
from portal.attendance.services.collect.plan import Plan, plan_of
from portal.attendance.services.collect.verdict import named_by, owner_of
from portal.attendance.services.collect.write import carry_out
from portal.cameras.models import Camera
from portal.people import changes as people
from portal.people.selectors import living_entries
from portal.sightings.models import Visit

__all__ = ["collect_again", "collect_of", "collect_visits", "needs_collecting"]

# Longer than a transaction takes.
OVERLAP: Final = timedelta(seconds=30)
# The first time: today's visits become punches, and what was before attendance was kept does not.
BEGIN: Final = timedelta(days=1)
BATCH: Final = 200
# A visit that was going on at an instant began, or got its name, no longer before.
_UNDER_WAY: Final = timedelta(days=3)
_MADE_OF_VISITS: Final = (Punch.Source.CAMERA, Punch.Source.KIOSK)


def collect_visits() -> int:
    """Returns how many punches were added, moved or struck."""
    now = timezone.now()
    reached = CollectMark.objects.values_list("at", flat=True).first()
    if reached is None:
        CollectMark.objects.get_or_create(pk=1, defaults={"at": now - BEGIN})
        reached = now - BEGIN
    done, seen = _follow(Visit.objects.filter(changed_at__gte=reached - OVERLAP))
    if seen or now - reached > OVERLAP:
        CollectMark.objects.filter(pk=1, at__lt=now).update(at=now)
    return done


def collect_again(since: datetime) -> int:
    """All visits from ``since`` on, whether or not they seem to have changed."""
    done, _ = _follow(Visit.objects.filter(first_at__gte=since))
    return done


def collect_of(visit_ids: Collection[UUID]) -> int:
    """These visits, whether or not they seem to have changed."""
    done, _ = _follow(Visit.objects.filter(pk__in=visit_ids))
    return done


@people.listen
def collect_of_returned(change: people.PeopleChange) -> None:
    """Nobody was looked at while they were in no list."""
    if change.gone_since is not None:
        since = change.gone_since - _UNDER_WAY
        _follow(Visit.objects.filter(person__in=change.person_ids, first_at__gte=since))


def needs_collecting() -> bool:
    """Whether a visit changed after the mark."""
    reached = CollectMark.objects.values_list("at", flat=True).first()
    return reached is None or Visit.objects.filter(changed_at__gt=reached).exists()


def _follow(visits: QuerySet[Visit]) -> tuple[int, int]:
    """How many punches changed, and how many visits were looked at."""
    done = seen = 0
    last: Visit | None = None
    while True:
        rows = visits.order_by("changed_at", "id")
        if last is not None:
            rows = rows.filter(changed_at__gte=last.changed_at).exclude(
                changed_at=last.changed_at, id__lte=last.pk
            )
        found = list(rows[:BATCH])
        if not found:
            return done, seen
        seen, last = seen + len(found), found[-1]
        # Without the lock first: most turns find nothing to do.
        busy = [pk for pk, plan in _plans(found).items() if plan]
        if busy:
            done += _bring_up_to_date(busy)
        mark_close(found)
        if len(found) < BATCH:
            return done, seen


@transaction.atomic
def _bring_up_to_date(ids: Sequence[UUID]) -> int:
    """One worker at a time, with the visits as they are now: an older reading never wins."""
    CollectMark.objects.get_or_create(pk=1, defaults={"at": timezone.now() - BEGIN})
    list(CollectMark.objects.select_for_update().filter(pk=1))
    visits = list(Visit.objects.filter(pk__in=ids).order_by("pk"))
    return carry_out(_plans(visits), {visit.pk: visit for visit in visits})


def _plans(visits: Sequence[Visit]) -> dict[UUID, Plan]:
    prefetch_related_objects(visits, "legs__camera")
    living = living_entries(pk for visit in visits for pk in named_by(visit))
    kiosks = set(Camera.objects.filter(kiosk__isnull=False).values_list("pk", flat=True))
    passages = registered_passages([visit.pk for visit in visits])
    punches: dict[UUID | None, list[Punch]] = {}
    for punch in Punch.objects.filter(visit__in=visits, source__in=_MADE_OF_VISITS):
        punches.setdefault(punch.visit_id, []).append(punch)
    return {
        visit.pk: plan_of(
            visit,
            owner_of(visit, living=living),
            punches=punches.get(visit.pk, []),
            kiosks=kiosks,
            passages=passages.get(visit.pk, []),
        )
        for visit in visits
    }
