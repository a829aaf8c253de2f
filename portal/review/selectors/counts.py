"""How much waits, for the badge beside “Review”: asked with every page, so from the cache."""

from __future__ import annotations

from typing import Final

from django.core.cache import cache
from redis.exceptions import RedisError

from portal.core.context import Actor, current_actor
from portal.review.models import Stranger
from portal.review.selectors.reach import within_sites
from portal.sightings.models import RecognisedFace, Visit

__all__ = ["forget_waiting", "waiting"]

# Long enough that clicking around asks once, short enough that the badge is not missed.
KEPT_S: Final = 5


def waiting() -> int:
    """Names to be confirmed and strangers nobody has looked at; 0 for who may not see them."""
    actor = current_actor()
    if not actor.may("review.view"):
        return 0
    name = _name(actor)
    try:
        known = cache.get(name)
        if known is None:
            known = _count(actor)
            cache.set(name, known, timeout=KEPT_S)
    except (RedisError, OSError):
        return _count(actor)
    return int(known)


def forget_waiting() -> None:
    """Called by whoever has just decided something, so that their own next page is right."""
    try:
        cache.delete(_name(current_actor()))
    except (RedisError, OSError):
        return


def _count(actor: Actor) -> int:
    reach = within_sites(actor)
    names = Visit.objects.filter(
        reach, decision=RecognisedFace.Decision.UNCERTAIN, settled_as=""
    ).order_by()
    strangers = Stranger.objects.filter(
        reach, state=Stranger.State.OPEN, acknowledged_at=None
    ).order_by()
    return names.values("pk").union(strangers.values("pk"), all=True).count()


def _name(actor: Actor) -> str:
    return f"review.waiting:{actor.kind}:{actor.id}"
