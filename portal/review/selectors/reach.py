"""What of the review an actor's rights reach. Public surface: ``within_sites``."""

from __future__ import annotations

from django.db.models import Q

from portal.core.context import Actor

__all__ = ["within_sites"]


def within_sites(actor: Actor) -> Q:
    """The condition that a visit or a stranger lies in the actor's sites.

    Whoever sees certain people only sees nobody who has no name yet: a name to be confirmed may
    turn out to be anybody's.
    """
    scope = actor.scope
    if scope.department_ids is not None or scope.person_id is not None:
        return Q(pk__in=())
    return Q() if scope.site_ids is None else Q(site__in=scope.site_ids)
