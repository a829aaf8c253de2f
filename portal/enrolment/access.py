"""Who may work on an enrolment that is in the making: the one place that decides it.

Selectors, services and views ask here and nowhere else. Somebody who enrols themselves by an
invitation is no user and has no ``people.manage``: they add, pick and drop photos of their own
draft until they send it in. Starting, answering for look-alikes, vouching and confirming stay with
``people.manage``.
"""

from __future__ import annotations

from portal.core.context import EVERYTHING, Actor, current_actor, require
from portal.core.errors import NotFound
from portal.enrolment.models import Enrolment, Invitation
from portal.people.selectors import is_within

__all__ = ["may_edit_draft", "require_edit"]


def may_edit_draft(actor: Actor, draft: Enrolment) -> bool:
    """Within the actor's scope lie the drafts of the people in it, and of people who are not known
    yet the drafts that the actor began."""
    if actor.kind == "invitation":
        is_theirs = Invitation.objects.filter(pk=actor.id, enrolment=draft).exists()
        return is_theirs and draft.state == Enrolment.State.DRAFT
    if not actor.may("people.manage"):
        return False
    if draft.person is not None:
        return is_within(actor.scope, draft.person)
    return actor.scope == EVERYTHING or draft.created_by == actor.label[:254]


def require_edit(draft: Enrolment) -> Actor:
    """The actor, or ``PermissionMissing`` without the right, or ``NotFound`` out of its scope."""
    actor = current_actor()
    if not may_edit_draft(actor, draft):
        require("people.manage")
        raise NotFound("This enrolment has ended already, or there is none of this address.")
    return actor
