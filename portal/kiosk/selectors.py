"""Reads of kiosks and of what their tablets sent.

Public surface: ``visible_kiosks``, ``visible_kiosk``, ``events_of``, ``event_rows``, ``EventRow``,
``event_of``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from portal.core.context import require
from portal.core.errors import NotFound
from portal.kiosk.models import Kiosk, KioskEvent
from portal.people.selectors import names_of

__all__ = [
    "EventRow",
    "event_of",
    "event_rows",
    "events_of",
    "visible_kiosk",
    "visible_kiosks",
]

_REASONS: Final = {
    "wrong_pin": "code and PIN did not belong together",
    "wrong_qr": "no valid QR code",
    "slow_down": "too many wrong tries with this code",
    "uncertain": "the name was not sure enough",
    "in_review": "the name was not sure: the time counts once Review tells it",
    "unknown": "not similar to anybody who is enrolled",
    "poor": "the pictures were too poor",
    "no_face": "there was no face in the pictures",
    "spoof": "the face was not a living one",
    "not_looked_at": "no worker looked at it in time",
    "withdrawn": "another way was taken instead",
    "too_old": "it was kept on the tablet for more than two weeks",
    "future": "the tablet’s clock is ahead",
    "no_faces": "faces are not used at this kiosk",
    "picture": "a picture could not be read",
    "unreadable": "it was sealed for another kiosk",
}


@dataclass(frozen=True, slots=True)
class EventRow:
    """``name`` is empty where nobody is named, or the actor may not see them; ``reason`` is why
    nothing was registered, for the one who is asked about it."""

    event: KioskEvent
    name: str
    person_id: str
    reason: str


def visible_kiosks() -> QuerySet[Kiosk]:
    """Those of the sites that the actor's rights reach."""
    actor = require("kiosks.manage")
    kiosks = (
        Kiosk.objects.select_related("camera__site")
        .annotate(refused_count=Count("events", filter=Q(events__outcome="refused")))
        .order_by("camera__name")
    )
    sites = actor.scope.site_ids
    return kiosks if sites is None else kiosks.filter(camera__site__in=sites)


def visible_kiosk(kiosk_id: UUID) -> Kiosk:
    kiosk = visible_kiosks().filter(pk=kiosk_id).first()
    if kiosk is None:
        raise NotFound("There is no such kiosk.")
    return kiosk


def events_of(kiosk: Kiosk, *, outcome: str = "") -> QuerySet[KioskEvent]:
    """The newest first."""
    require("kiosks.manage")
    events = kiosk.events.select_related("punch").order_by("-id")
    return events.filter(outcome=outcome) if outcome in KioskEvent.Outcome.values else events


def event_rows(events: Sequence[KioskEvent]) -> list[EventRow]:
    """With the names of whom the actor may see; one query."""
    actor = require("kiosks.manage")
    people = {str(event.punch.person_id) for event in events if event.punch is not None}
    names = names_of(people) if people and actor.may("people.view") else {}
    rows = []
    for event in events:
        known = names.get(str(event.punch.person_id)) if event.punch is not None else None
        rows.append(
            EventRow(
                event,
                name=known.name if known else "",
                person_id=known.id if known else "",
                reason=_REASONS.get(event.reason, event.reason),
            )
        )
    return rows


def event_of(kiosk: Kiosk, sequence: int) -> KioskEvent:
    """For the tablet that sent it."""
    events = kiosk.events.select_related("punch__person", "kiosk__camera__site")
    event = events.filter(sequence=sequence).first()
    if event is None:
        raise NotFound("There is no such event of this kiosk.")
    return event
