"""Who is working on which roster: one at a time, and nobody for long after their death."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from portal.jobs.dispatch import ring
from portal.jobs.registry import TaskName
from portal.roster.models import RosterImport

__all__ = ["LEASE", "MAX_ATTEMPTS", "claim_busy", "release", "renew", "ring_waiting"]

# Longer than any batch takes, shorter than anybody's patience after a worker was killed.
LEASE = timedelta(seconds=20)
MAX_ATTEMPTS = 5
_BELLS: dict[str, TaskName] = {
    RosterImport.State.CHECKING: "roster.check",
    RosterImport.State.APPLYING: "roster.apply",
}


def claim_busy(state: str, owner: str) -> RosterImport | None:
    """The oldest roster in ``state`` that nobody works on, now leased to ``owner``."""
    free = Q(leased_until=None) | Q(leased_until__lt=timezone.now()) | Q(leased_by=owner)
    waiting = RosterImport.objects.filter(free, state=state, is_local=False).order_by("id")
    for roster_id in list(waiting.values_list("id", flat=True)[:5]):
        # Asked again in the update: of two workers one gets it.
        claimed = RosterImport.objects.filter(free, pk=roster_id, state=state).update(
            leased_by=owner,
            leased_until=timezone.now() + LEASE,
            attempts=F("attempts") + 1,
        )
        if claimed:
            return RosterImport.objects.get(pk=roster_id)
    return None


def renew(roster: RosterImport, *, has_progress: bool = False) -> None:
    """``has_progress`` where something was finished, so that the attempts count anew."""
    changes: dict[str, object] = {"leased_until": timezone.now() + LEASE}
    if has_progress:
        changes["attempts"] = 0
    RosterImport.objects.filter(pk=roster.pk).update(**changes)


def release(roster: RosterImport) -> None:
    RosterImport.objects.filter(pk=roster.pk).update(leased_by="", leased_until=None)


def ring_waiting(*, ring_bell: Callable[[TaskName], None] = ring) -> int:
    """Ring for rosters whose worker or whose task was lost; returns how many wait."""
    free = Q(leased_until=None) | Q(leased_until__lt=timezone.now())
    states = list(
        RosterImport.objects.filter(free, state__in=list(_BELLS), is_local=False).values_list(
            "state", flat=True
        )
    )
    for state in sorted(set(states)):
        ring_bell(_BELLS[state])
    return len(states)
