"""How much waits, for the badge beside “Review”."""

from __future__ import annotations

from portal.core.context import Actor, current_actor
from portal.core.kept_count import KeptCount
from portal.review.models import Stranger
from portal.review.selectors.reach import within_sites
from portal.sightings.models import RecognisedFace, Visit

__all__ = ["forget_waiting", "waiting"]


def waiting() -> int:
    """Names to be confirmed and strangers nobody has looked at; 0 for who may not see them."""
    actor = current_actor()
    return _waiting.of(actor) if actor.may("review.view") else 0


def forget_waiting() -> None:
    """Called by whoever has just decided something, so that their own next page is right."""
    _waiting.forget()


def _count(actor: Actor) -> int:
    reach = within_sites(actor)
    names = Visit.objects.filter(
        reach, decision=RecognisedFace.Decision.UNCERTAIN, settled_as=""
    ).order_by()
    strangers = Stranger.objects.filter(
        reach, state=Stranger.State.OPEN, acknowledged_at=None, visit_count__gt=0
    ).order_by()
    return names.values("pk").union(strangers.values("pk"), all=True).count()


_waiting = KeptCount("review.waiting", _count)
