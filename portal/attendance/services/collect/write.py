"""Doing what a plan says, with the record of what people changed. Public surface: ``carry_out``.

Part of the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from portal.attendance.models import Punch
from portal.attendance.services.collect.plan import OTHER, Plan
from portal.attendance.services.enter import enter_punches
from portal.attendance.services.stale import mark_around
from portal.audit.services import record
from portal.sightings.models import Visit

__all__ = ["carry_out"]


def carry_out(plans: Mapping[UUID, Plan], visits: Mapping[UUID, Visit]) -> int:
    """Returns how many punches were added, moved or struck."""
    adds = [new for plan in plans.values() for new in plan.adds]
    moves = [(visits[pk], move) for pk, plan in plans.items() for move in plan.moves]
    entered = enter_punches([*adds, *(move.new for _, move in moves)], cause="sighting")
    moved: list[tuple[UUID, datetime]] = []
    for (visit, move), made in zip(moves, entered[len(adds) :], strict=True):
        _void(move.punch, OTHER, visit, superseded_by=made.punch)
        moved += [(move.punch.person_id, move.punch.at), (made.punch.person_id, made.punch.at)]
        if visit.settled_as:
            record(
                "attendance.punch.moved",
                target=move.punch,
                before={"person": str(move.punch.person_id), "state": move.punch.state},
                after={
                    "person": str(made.punch.person_id),
                    "punch": str(made.punch.pk),
                    "visit": str(visit.pk),
                },
                reason=f"Settled by {visit.settled_by}"[:500],
            )
    mark_around(moved, cause="reassigned")
    struck: list[tuple[UUID, datetime]] = []
    for pk, plan in plans.items():
        for punch, reason in plan.voids:
            _void(punch, reason, visits[pk])
            struck.append((punch.person_id, punch.at))
    mark_around(struck, cause="name_refused")
    _go_on(plans)
    return len(adds) + len(moves) + len(struck)


def _void(punch: Punch, reason: str, visit: Visit, *, superseded_by: Punch | None = None) -> None:
    punch.voided_at, punch.void_reason = timezone.now(), reason
    punch.voided_by = visit.settled_by if visit.settled_as else ""
    punch.superseded_by = superseded_by
    punch.save(update_fields=["voided_at", "voided_by", "void_reason", "superseded_by"])


def _go_on(plans: Mapping[UUID, Plan]) -> None:
    """What is still the same passage: its end, and whether its name is certain."""
    changed: list[tuple[UUID, datetime]] = []
    for plan in plans.values():
        for punch, until in plan.ends:
            Punch.objects.filter(pk=punch.pk, last_at__lt=until).update(last_at=until)
            changed.append((punch.person_id, punch.at))
        for punch, state in plan.states:
            Punch.objects.filter(pk=punch.pk).update(state=state)
            changed.append((punch.person_id, punch.at))
    mark_around(changed, cause="sighting")
