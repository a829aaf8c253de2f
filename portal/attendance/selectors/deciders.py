"""Who may ask for a correction, and who may decide on it: neither who asked for it nor the person
whose day it is.

Public surface: ``is_concerned``, ``others_who_may_decide``, ``require_ask``, ``user_of``,
``why_not``.
"""

from __future__ import annotations

from django.db.models import Q

from portal.accounts.models import Role, User
from portal.attendance.models import Correction
from portal.core.context import Actor, current_actor
from portal.core.errors import NotFound, PermissionMissing
from portal.core.policies import permissions_of
from portal.organisation.selectors import with_ancestors
from portal.people.entries import entries_of, entries_of_account, is_same_human
from portal.people.models import Person
from portal.people.selectors import is_within

__all__ = ["is_concerned", "others_who_may_decide", "require_ask", "user_of", "why_not"]

_ROLES = [role for role in Role.values if "attendance.decide" in permissions_of(role)]


def user_of(actor: Actor) -> User | None:
    """The account that acts, read anew; None for programs, commands and Gatehouse itself."""
    if actor.kind != "user" or not actor.id.isdigit():
        return None
    return User.objects.filter(pk=actor.id).first()


def require_ask(person: Person) -> Actor:
    """Whoever may ask for this person: they themselves, and who answers for them. Raises
    ``PermissionMissing``; ``NotFound`` for a person outside the actor's scope."""
    actor = current_actor()
    if actor.may("self.view"):
        user = user_of(actor)
        if user is not None and user.person_id == person.pk:
            return actor
    reaches_others = actor.may("attendance.view") or actor.may("attendance.request")
    if not is_within(actor.scope, person) or (not reaches_others and actor.may("self.view")):
        raise NotFound("There is no such person, or the person is not one of yours.")
    if not actor.may("attendance.request"):
        raise PermissionMissing(
            "You may ask for corrections of your own days only. Ask their manager about others'.",
            data={"permission": "attendance.request"},
        )
    return actor


def is_concerned(user: User, person: Person) -> bool:
    """Whether it is the same human being, by whatever entry and account."""
    return entries_of(person).is_account(user)


def why_not(correction: Correction, user: User) -> str:
    """In words, why this user may not decide on it; empty where they may. Says nothing of rights
    and scope."""
    if is_concerned(user, correction.person):
        return "It is about your own day, so somebody else decides on it."
    asked = correction.requested_by
    if asked is not None and is_same_human(asked, user):
        return "You asked for it yourself, so somebody else decides on it."
    return ""


def others_who_may_decide(person: Person, *, requester_id: int | None = None) -> list[User]:
    """Active users who could decide on a correction of this person's days that ``requester_id``
    asked for. Asks for no right: it is told as a number and as "nobody"."""
    users = (
        User.objects.filter(is_active=True, role__in=_ROLES)
        .filter(Q(sites=None) | Q(sites=person.site_id) | Q(role=Role.ADMINISTRATOR))
        .exclude(person=person.pk)
        .prefetch_related("sites", "departments")
        .distinct()
    )
    above = with_ancestors(person.department_id)
    asked = None if requester_id is None else User.objects.filter(pk=requester_id).first()
    whose = entries_of(person)
    theirs = None if asked is None else entries_of_account(asked)
    return [
        user
        for user in users
        if user.pk != requester_id
        and not whose.is_account(user)
        and not (theirs is not None and theirs.is_account(user))
        and user.reaches(person_id=person.pk, site_id=person.site_id, above=above)
    ]
