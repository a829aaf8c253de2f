"""Reads of roll-calls and of who is on them, within the actor's scope.

Public surface: ``visible_musters``, ``visible_muster``, ``open_musters``, ``visible_entries``,
``Counts``, ``counts_of``, ``cursor_of``, ``changes_after``, ``addable_people``,
``meeting_cameras``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, F, Max, Q, QuerySet

from portal.cameras.models import Camera
from portal.core.context import require
from portal.core.errors import NotFound
from portal.muster.models import MusterChange, MusterEntry, MusterEvent
from portal.organisation.models import Site
from portal.organisation.selectors import visible_sites
from portal.people.models import Person
from portal.people.selectors import within_scope

__all__ = [
    "Counts",
    "addable_people",
    "changes_after",
    "counts_of",
    "cursor_of",
    "meeting_cameras",
    "open_musters",
    "reachable_site",
    "visible_entries",
    "visible_muster",
    "visible_musters",
]

_STATE = MusterEntry.State


@dataclass(frozen=True, slots=True)
class Counts:
    missing: int = 0
    safe: int = 0
    excused: int = 0

    @property
    def total(self) -> int:
        return self.missing + self.safe + self.excused


def visible_musters() -> QuerySet[MusterEvent]:
    """Of the sites that the actor's rights reach, newest first."""
    require("muster.view")
    return MusterEvent.objects.filter(
        site__in=visible_sites().order_by().values("pk")
    ).select_related("site", "started_by", "ended_by")


def visible_muster(muster_id: UUID) -> MusterEvent:
    event = visible_musters().filter(pk=muster_id).first()
    if event is None:
        raise NotFound("There is no such roll-call.")
    return event


def open_musters() -> QuerySet[MusterEvent]:
    return visible_musters().filter(ended_at=None)


def visible_entries(event: MusterEvent) -> QuerySet[MusterEntry]:
    """Who is on the list. Whoever reaches the site sees everybody on it, visitors from other
    sites too; whoever reaches certain departments sees their people alone."""
    scope = require("muster.view").scope
    entries = MusterEntry.objects.filter(event=event)
    if scope.department_ids is not None:
        entries = entries.filter(person__department__in=scope.department_ids)
    if scope.person_id is not None:
        entries = entries.filter(person=scope.person_id)
    return entries.select_related("person", "department").order_by(
        F("department__path").asc(nulls_last=True), "person__name", "person__code"
    )


def counts_of(events: Iterable[MusterEvent]) -> dict[UUID, Counts]:
    """Of what the actor sees of each."""
    scope = require("muster.view").scope
    entries = MusterEntry.objects.filter(event__in=list(events))
    if scope.department_ids is not None:
        entries = entries.filter(person__department__in=scope.department_ids)
    counted: dict[UUID, dict[str, int]] = {}
    rows = entries.order_by().values_list("event", "state").annotate(count=Count("id"))
    for event_id, state, count in rows:
        counted.setdefault(event_id, {})[state] = count
    return {
        event_id: Counts(
            found.get(_STATE.MISSING, 0), found.get(_STATE.SAFE, 0), found.get(_STATE.EXCUSED, 0)
        )
        for event_id, found in counted.items()
    }


def cursor_of(event: MusterEvent) -> int:
    """The last change so far. Changes of one roll-call are written one after the other, so what
    comes later has a higher number."""
    last = MusterChange.objects.filter(entry__event=event).aggregate(last=Max("id"))["last"]
    return last or 0


def changes_after(event: MusterEvent, cursor: int) -> tuple[list[MusterEntry], int]:
    """The entries that changed since, as they are now, and where the next question goes on."""
    reached = cursor_of(event)
    changed = MusterChange.objects.filter(entry__event=event, id__gt=cursor)
    entries = visible_entries(event).filter(pk__in=changed.order_by().values("entry"))
    return list(entries), reached


def addable_people(event: MusterEvent, search: str, *, most: int = 20) -> list[Person]:
    """Known people within the actor's scope who are not on the list."""
    scope = require("muster.run").scope
    people = Person.objects.filter(within_scope(scope), status__in=Person.LIVING).exclude(
        pk__in=MusterEntry.objects.filter(event=event).values("person")
    )
    if search:
        people = people.filter(Q(name__icontains=search) | Q(code__icontains=search))
    return list(people.select_related("department", "site").order_by("name", "code")[:most])


def reachable_site(site_id: UUID) -> Site:
    """A site at which the actor may hold a roll-call."""
    require("muster.run")
    site = visible_sites().filter(pk=site_id).first()
    if site is None:
        raise NotFound("There is no such site.")
    return site


def meeting_cameras(site: Site) -> QuerySet[Camera]:
    """Those that can stand at a meeting point of the site."""
    return Camera.objects.filter(site=site, is_enabled=True).order_by("name")
