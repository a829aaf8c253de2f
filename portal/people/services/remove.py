"""Taking people out of the lists: removed, or left. Both can be taken back from the journal."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone

from portal.core.context import require
from portal.core.errors import DomainError
from portal.journal.models import Act
from portal.people.models import Person
from portal.people.services.status import change_status, in_the_way, lock_living

__all__ = ["leave_when_due", "mark_left", "remove_person", "restore_person"]


@transaction.atomic
def remove_person(person: Person, *, reason: str = "") -> Act:
    """Out of the lists and of recognition at once; everything is kept for ``Act.LIFE``, so that it
    can be undone, and erased by the purge after that."""
    require("people.manage")
    person = lock_living(person)
    act = change_status(
        person,
        Person.Status.REMOVED,
        action="removed",
        reason=reason,
        ends_ways_in=True,
    )
    if act is None:  # lock_living lets no removed person through
        raise AssertionError("a living person was removed already")
    return act


@transaction.atomic
def restore_person(person: Person, *, status: str = Person.Status.ACTIVE) -> Person:
    """Bring a removed person back, for whoever undoes more than the journal's single acts.

    PINs and codes that the removal revoked stay revoked: undoing its act brings those back too.
    """
    require("people.manage")
    locked = Person.objects.select_for_update().get(pk=person.pk)
    if locked.status != Person.Status.REMOVED:
        raise in_the_way(f"{locked.name} is not removed, so there is nothing to bring back.")
    change_status(locked, status, action="restored")
    return locked


@transaction.atomic
def mark_left(person: Person, on: date, *, reason: str = "") -> Act | None:
    """``on`` is the last day. With it recognition, PIN, QR code and invitations end at once; a day to
    come is only noted, and ``leave_when_due`` acts on it.

    The photos stay sealed until their retention ends, so that an error can be undone.
    """
    require("people.manage")
    locked = lock_living(person)
    if locked.employed_from is not None and on < locked.employed_from:
        raise DomainError(
            f"The last day, {on:%d %B %Y}, lies before the first, "
            f"{locked.employed_from:%d %B %Y}. Give a later day.",
            code="person.left_before_start",
        )
    if on > timezone.localdate():
        return change_status(
            locked,
            locked.status,
            action="leaving",
            employed_to=on,
            words=f"leaves on {on:%d %B %Y}",
        )
    return change_status(
        locked,
        Person.Status.LEFT,
        action="left",
        reason=reason,
        ends_ways_in=True,
        employed_to=on,
    )


def leave_when_due() -> int:
    """Mark as left whose last day has passed; nightly. Returns how many."""
    due = Person.objects.filter(
        status__in=[Person.Status.ACTIVE, Person.Status.SUSPENDED],
        employed_to__lt=timezone.localdate(),
    )
    people = list(due)
    for person in people:
        if person.employed_to is not None:
            mark_left(person, person.employed_to)
    return len(people)
