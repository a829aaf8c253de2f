"""Which entries are one human being, and whether an account is theirs: for whoever must not decide
on what is their own.

Public surface: ``Entries``, ``entries_of``, ``entries_of_account``, ``is_same_human``,
``own_entries``. Asks for no right, and grants none: an address alone lets nobody in.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from portal.accounts.models import User
from portal.people.models import Person

__all__ = ["Entries", "entries_of", "entries_of_account", "is_same_human", "own_entries"]


@dataclass(frozen=True, slots=True)
class Entries:
    """One human being: the entry that is left, and all that were merged into it."""

    ids: frozenset[UUID]
    emails: frozenset[str]

    def is_account(self, user: User) -> bool:
        """By the account's person, or, where nobody has joined the two, by the address of both."""
        if user.person_id is not None:
            return user.person_id in self.ids
        return user.email.casefold() in self.emails


def entries_of(person: Person) -> Entries:
    return _whole([person.pk])


def entries_of_account(user: User) -> Entries:
    """Of the human being whose account it is; of nobody's it has none."""
    if user.person_id is not None:
        return _whole([user.person_id])
    by_address = Person.objects.filter(email__iexact=user.email)
    return _whole(by_address.values_list("pk", flat=True))


def is_same_human(one: User, other: User) -> bool:
    """Whether two accounts are, as far as can be told, those of one human being."""
    return one.pk == other.pk or entries_of_account(one).is_account(other)


def own_entries(user_id: int) -> QuerySet[Person]:
    """``entries_of_account`` as a condition within a query, for lists: of entries that were merged
    twice over at most, since a query cannot go on for as long as there are any."""
    address = User.objects.filter(pk=user_id, person=None).values(address=Lower("email"))
    return (
        Person.objects.order_by()
        .alias(address=Lower("email"))
        .filter(
            Q(user=user_id)
            | Q(merged__user=user_id)
            | Q(merged__merged__user=user_id)
            | Q(merged_into__user=user_id)
            | Q(user=None, address__in=address)
        )
    )


def _whole(person_ids: Collection[UUID]) -> Entries:
    """With what they were merged into, and what was merged into any of them."""
    ids: set[UUID] = set()
    emails: set[str] = set()
    ahead = set(person_ids)
    while ahead:
        ids |= ahead
        found = Person.objects.filter(pk__in=ahead).values_list("email", "merged_into")
        near = set(Person.objects.filter(merged_into__in=ahead).values_list("pk", flat=True))
        for email, into in found:
            emails |= {email.casefold()} if email else set()
            near |= {into} if into is not None else set()
        ahead = near - ids
    return Entries(frozenset(ids), frozenset(emails))
