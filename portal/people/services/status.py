"""What a person is at present (active, suspended, left, removed), and the way back from each.

Public surface: ``change_status``, ``lock_living``, ``acts_since``, ``in_the_way``, ``STATUS_ACT``.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from portal.audit.services import record
from portal.core.errors import DomainError
from portal.journal.models import Act
from portal.journal.registry import undoes
from portal.journal.services import note_act
from portal.people.changes import What, tell
from portal.people.models import Person
from portal.people.services.merge_plan import MERGE_ACT
from portal.people.services.revision import bump_gallery_revision

__all__ = ["STATUS_ACT", "acts_since", "change_status", "in_the_way", "lock_living"]

STATUS_ACT: Final = "people.status"

_WORDS: Final = {
    Person.Status.ACTIVE: "is active again",
    Person.Status.SUSPENDED: "was suspended",
    Person.Status.LEFT: "was marked as left",
    Person.Status.REMOVED: "was removed",
}


class LastDay(Enum):
    """Stands for the last day that is noted already."""

    KEEP = "keep"


def lock_living(person: Person) -> Person:
    """The row, locked. Raises ``DomainError`` for somebody who is no longer in the lists."""
    locked = Person.objects.select_for_update().get(pk=person.pk)
    if locked.status in Person.LIVING:
        return locked
    said = {
        Person.Status.ERASED: "This person was erased and cannot be changed.",
        Person.Status.MERGED: "This entry was merged into another. Undo that in the journal first.",
        Person.Status.REMOVED: "This person was removed. Undo that in the journal first.",
    }
    raise DomainError(
        said[Person.Status(locked.status)], code=f"person.{locked.status}", http_status=409
    )


@transaction.atomic
def change_status(
    person: Person,
    status: str,
    *,
    action: str,
    employed_to: date | LastDay | None = LastDay.KEEP,
    reason: str = "",
    ends_ways_in: bool = False,
    words: str = "",
) -> Act | None:
    """Move ``person``, locked, to ``status``; None where that is so already.

    ``ends_ways_in`` also revokes PINs, codes and open invitations. The act holds what was before;
    ``words`` follow the name in its title.
    """
    was, now = person.status, timezone.now()
    last_day = person.employed_to
    if employed_to is LastDay.KEEP:
        employed_to = last_day
    if was == status and last_day == employed_to:
        return None
    credentials, invitations = [], []
    if ends_ways_in:
        credentials = _revoke(person.credentials.filter(revoked_at=None), now)
        invitations = _revoke(person.invitations.filter(revoked_at=None, used_at=None), now)
    person.status = status
    person.employed_to = employed_to
    person.save(update_fields=["status", "employed_to", "updated_at"])
    if status != was:
        bump_gallery_revision()
    tell(
        person.pk,
        what=What.EMPLOYMENT,
        first=_earliest(last_day, employed_to),
        gone_since=_removed_at(person, was),
    )
    act = note_act(
        STATUS_ACT,
        f"{person.name} {words or _WORDS[Person.Status(status)]}",
        data={
            "before": was,
            "after": status,
            "employed_to": [_iso(last_day), _iso(person.employed_to)],
            "credentials": credentials,
            "invitations": invitations,
        },
        person_id=person.pk,
    )
    record(
        f"people.person.{action}",
        target=person,
        before={"status": was},
        after={"status": status, "credentials_revoked": len(credentials)},
        reason=reason,
    )
    return act


@undoes(
    STATUS_ACT,
    label="State changed",
    effect="The person is again what they were before, with their PIN and QR code.",
)
def _undo_status(act: Act) -> None:
    person = Person.objects.select_for_update().get(acts=act)
    before, after = act.data["before"], act.data["after"]
    if person.status != after:
        raise in_the_way(
            f"{person.name} is “{person.get_status_display()}” by now. Undo what was done last first."
        )
    was, became = act.data["employed_to"]
    person.status = before
    if _iso(person.employed_to) == became:
        person.employed_to = date.fromisoformat(was) if was else None
    person.save(update_fields=["status", "employed_to", "updated_at"])
    if _hangs_on(act, person):
        raise in_the_way(
            f"{person.name} changed state again since, or got the PIN or the QR code of an entry "
            "that was merged into this one. Undo what was done last first."
        )
    # One given in the meantime stays the valid one.
    kinds = person.credentials.filter(revoked_at=None).values_list("kind", flat=True)
    person.credentials.filter(pk__in=act.data["credentials"]).exclude(kind__in=list(kinds)).update(
        revoked_at=None
    )
    person.invitations.filter(pk__in=act.data["invitations"]).update(revoked_at=None)
    bump_gallery_revision()
    tell(
        person.pk,
        what=What.EMPLOYMENT,
        first=_earliest(
            act.created_at.date(), *(date.fromisoformat(day) for day in (was, became) if day)
        ),
        gone_since=_removed_at(person, after),
    )
    record(
        "people.person.status_restored",
        target=person,
        before={"status": after},
        after={"status": before},
    )


def _removed_at(person: Person, was: str) -> datetime | None:
    """None where ``person`` was not out of the lists, or still is."""
    if was != Person.Status.REMOVED or person.status not in Person.LIVING:
        return None
    removals = Act.objects.filter(kind=STATUS_ACT, person=person, data__after=was)
    last = removals.order_by("-id").values_list("created_at", flat=True).first()
    return last or timezone.now() - Act.LIFE


def _earliest(*days: date | None) -> date:
    """Of these days and today."""
    return min(filter(None, (*days, timezone.localdate())))


def acts_since(act: Act, person: Person, kind: str) -> QuerySet[Act]:
    """Later acts of that kind on ``person`` that were not taken back."""
    return Act.objects.filter(kind=kind, person=person, undone_at=None, pk__gt=act.pk)


def in_the_way(message: str) -> DomainError:
    """What an undo is refused with."""
    return DomainError(message, code="journal.in_the_way", http_status=409)


def _hangs_on(act: Act, person: Person) -> bool:
    """Whether a later act, not taken back, started from the state that ``act`` made.

    That is any later change of state, and a merge that brought a PIN or a QR code where ``act``
    ended one: two of a kind cannot both be valid.
    """
    if acts_since(act, person, STATUS_ACT).exists():
        return True
    ended = bool(act.data["credentials"])
    return ended and any(one.data["credentials"] for one in acts_since(act, person, MERGE_ACT))


def _revoke(rows: QuerySet[Any], now: datetime) -> list[str]:
    ids = [str(pk) for pk in rows.values_list("pk", flat=True)]
    rows.update(revoked_at=now)
    return ids


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
