"""Making the shifts of a starter in one go. Public surface: ``begin_with``."""

from __future__ import annotations

from django.db import transaction

from portal.attendance.engine import Policy
from portal.core.context import require
from portal.core.errors import NotFound
from portal.schedules.models import Shift, WorkPolicy
from portal.schedules.services.policies import create_policy
from portal.schedules.services.shifts import ShiftHours, ShiftLook, create_shift
from portal.schedules.starters import STANDARD, starter

__all__ = ["begin_with"]


@transaction.atomic
def begin_with(key: str) -> list[Shift]:
    """The shifts of the starter, those that are new and those that were there by that name."""
    require("schedules.manage")
    chosen = starter(key)
    if chosen is None:
        raise NotFound("There is no such plan to begin with.")
    policy = WorkPolicy.objects.filter(name__iexact=STANDARD).first()
    if policy is None:
        policy = create_policy(STANDARD, Policy())
    known = {each.name.lower(): each for each in Shift.objects.all()}
    return [
        known.get(each.name.lower())
        or create_shift(
            ShiftLook(name=each.name, code=each.code, colour=each.colour),
            ShiftHours(
                start=each.start,
                end=each.end,
                policy_id=policy.pk,
                days=each.days,
                flexible_minutes=each.flexible_minutes,
                is_24_h=each.start == each.end,
            ),
        )
        for each in chosen.shifts
    ]
