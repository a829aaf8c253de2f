"""Reads of the journal, within the actor's scope."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from portal.core.context import EVERYTHING, Actor, require
from portal.core.errors import NotFound
from portal.journal.models import Act

__all__ = ["latest_act", "visible_act", "visible_acts"]


def visible_acts() -> QuerySet[Act]:
    actor = require("people.view")
    return Act.objects.filter(_within(actor)).select_related("person", "other")


def visible_act(act_id: UUID) -> Act:
    act = visible_acts().filter(pk=act_id).first()
    if act is None:
        raise NotFound(
            "The journal no longer holds this. It is kept for "
            f"{Act.LIFE.days} days, and until somebody it names is erased."
        )
    return act


def latest_act(person_id: UUID) -> Act | None:
    """What was done last to this person, for the message that offers to undo it."""
    return visible_acts().filter(person_id=person_id).order_by("-id").first()


def _within(actor: Actor) -> Q:
    """Both people lie in the scope; what concerns nobody in particular, such as a whole roster, is
    shown to those without limits and to whoever did it."""
    scope = actor.scope
    if scope == EVERYTHING:
        return Q()
    condition = Q(person__isnull=False) | Q(actor_id=actor.id)
    for path in ("person", "other"):
        inside = Q()
        if scope.site_ids is not None:
            inside &= Q((f"{path}__site__in", scope.site_ids))
        if scope.department_ids is not None:
            inside &= Q((f"{path}__department__in", scope.department_ids))
        if scope.person_id is not None:
            inside &= Q((path, scope.person_id))
        condition &= inside | Q((f"{path}__isnull", True))
    return condition
