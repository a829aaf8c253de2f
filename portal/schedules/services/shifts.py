"""Shifts: a name, and hours that are never edited but followed by a new version.

Public surface: ``ShiftLook``, ``ShiftHours``, ``create_shift``, ``change_hours``, ``change_look``,
``retire_shift``, ``reinstate_shift``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from portal.attendance.engine import InvalidRule
from portal.audit.services import record
from portal.core.context import current_actor, require
from portal.core.errors import DomainError
from portal.core.naming import free_name
from portal.schedules.models import Shift, ShiftVersion, WorkPolicy
from portal.schedules.selectors.versions import engine_policy, engine_shift
from portal.schedules.services.changing import changing
from portal.schedules.services.reach import require_site
from portal.schedules.services.sound import check_break, check_hours
from portal.schedules.services.words import reason_given

__all__ = [
    "ShiftHours",
    "ShiftLook",
    "change_hours",
    "change_look",
    "create_shift",
    "reinstate_shift",
    "retire_shift",
]

_NOUN = "shift"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftLook:
    """What a shift is called and shown by; ``site_id`` None: of use everywhere."""

    name: str
    code: str
    colour: str = Shift.Colour.BLUE.value
    site_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftHours:
    """When it is worked, and by which policy. Equal times are 24 hours only with ``is_24_h``."""

    start: time
    end: time
    policy_id: UUID
    days: frozenset[int] = frozenset(range(7))
    flexible_minutes: int | None = None
    is_24_h: bool = False


@transaction.atomic
def create_shift(look: ShiftLook, hours: ShiftHours) -> Shift:
    """With its first version, which holds since ever."""
    require("schedules.manage")
    require_site(look.site_id, "This shift")
    shift = Shift.objects.create(**_columns(look))
    version = _add_version(shift, hours, number=1, valid_from=None, reason="")
    record("schedules.shift.created", target=shift, after={**_look(shift), **_hours(version)})
    return shift


@transaction.atomic
def change_hours(shift: Shift, hours: ShiftHours, *, valid_from: date, reason: str) -> ShiftVersion:
    """A new version from ``valid_from`` on; days before it keep the hours they were worked under.

    Raises ``DomainError``: ``shift.unchanged``, ``schedule.reason``, ``schedule.overlap``,
    ``policy.break_outside``, ``shift.length``.
    """
    require("schedules.manage")
    locked = Shift.objects.select_for_update().get(pk=shift.pk)
    require_site(locked.site_id, "This shift")
    reason = reason_given(reason)
    newest = locked.versions.order_by("-number")[0]
    with changing(first=valid_from, cause="shift_version"):
        version = _add_version(
            locked, hours, number=newest.number + 1, valid_from=valid_from, reason=reason
        )
        since = newest.valid_from or valid_from
        if since <= valid_from and _hours(version) == _hours(newest):
            raise DomainError(
                "These are the hours that hold already. Change one of them, or leave the page.",
                code="shift.unchanged",
            )
    record(
        "schedules.shift.changed",
        target=locked,
        before={"version": newest.number, **_hours(newest)},
        after={
            "version": version.number,
            "valid_from": valid_from.isoformat(),
            **_hours(version),
        },
        reason=reason,
    )
    return version


@transaction.atomic
def change_look(shift: Shift, look: ShiftLook) -> Shift:
    """Another name, code, colour or site: no day becomes another one by it."""
    require("schedules.manage")
    locked = Shift.objects.select_for_update().get(pk=shift.pk)
    require_site(locked.site_id, "This shift")
    require_site(look.site_id, "This shift")
    before = _look(locked)
    for name, value in _columns(look, unless=locked).items():
        setattr(locked, name, value)
    if _look(locked) != before:
        _check_site(locked)
        locked.save()
        record("schedules.shift.renamed", target=locked, before=before, after=_look(locked))
    return locked


@transaction.atomic
def retire_shift(shift: Shift) -> Shift:
    """It can be given to nobody any more; whoever works it goes on with it."""
    return _mark(shift, is_retired=True)


@transaction.atomic
def reinstate_shift(shift: Shift) -> Shift:
    return _mark(shift, is_retired=False)


def _mark(shift: Shift, *, is_retired: bool) -> Shift:
    require("schedules.manage")
    locked = Shift.objects.select_for_update().get(pk=shift.pk)
    require_site(locked.site_id, "This shift")
    if (locked.retired_at is not None) != is_retired:
        locked.retired_at = timezone.now() if is_retired else None
        locked.save(update_fields=["retired_at"])
        word = "retired" if is_retired else "reinstated"
        record(f"schedules.shift.{word}", target=locked, after={"is_retired": is_retired})
    return locked


def _columns(look: ShiftLook, *, unless: Shift | None = None) -> dict[str, Any]:
    name = free_name(look.name, model=Shift, noun=_NOUN, unless=unless)
    code = look.code.strip().upper()[:4]
    if not code:
        raise DomainError(
            "A shift needs a code of one to four letters, for the cells of a roster.",
            code="shift.code",
            data={"field": "code"},
        )
    others = Shift.objects.filter(code__iexact=code)
    if unless is not None:
        others = others.exclude(pk=unless.pk)
    taken = others.first()
    if taken is not None:
        raise DomainError(
            f"“{taken.name}” has the code {code} already. Choose another.",
            code="shift.code_taken",
            http_status=409,
            data={"field": "code"},
        )
    if look.colour not in Shift.Colour.values:
        raise DomainError("There is no such colour.", code="shift.colour", data={"field": "colour"})
    return {"name": name[:60], "code": code, "colour": look.colour, "site_id": look.site_id}


def _check_site(shift: Shift) -> None:
    if shift.site_id is None:
        return
    elsewhere = shift.turns.exclude(assignment__site=shift.site_id).exclude(
        assignment__department__site=shift.site_id
    )
    if elsewhere.exclude(assignment__person__site=shift.site_id).exists():
        raise DomainError(
            "This shift is worked at other sites too, so it cannot be of use at one alone. End "
            "those assignments first.",
            code="shift.site",
            http_status=409,
            data={"field": "site"},
        )


def _add_version(
    shift: Shift, hours: ShiftHours, *, number: int, valid_from: date | None, reason: str
) -> ShiftVersion:
    check_hours(
        start=hours.start,
        end=hours.end,
        days=hours.days,
        flexible_minutes=hours.flexible_minutes,
        is_24_h=hours.is_24_h,
    )
    policy = WorkPolicy.objects.filter(pk=hours.policy_id).first()
    used = shift.versions.filter(policy=hours.policy_id).exists()
    if policy is None or (policy.retired_at is not None and not used):
        raise DomainError(
            "This policy is not to be given to a shift any more. Choose another.",
            code="shift.policy",
            data={"field": "policy"},
        )
    rules = engine_policy(policy.versions.order_by("-number").first())
    check_break(rules, start=hours.start, end=hours.end, shift_name=shift.name)
    version = ShiftVersion(
        shift=shift,
        number=number,
        valid_from=valid_from,
        reason=reason,
        made_by=current_actor().label,
        start=hours.start,
        end=hours.end,
        days=sorted(hours.days),
        flexible_minutes=hours.flexible_minutes,
        policy=policy,
    )
    try:
        engine_shift(version, rules, ZoneInfo("UTC"))
    except InvalidRule as error:
        raise DomainError(str(error), code="shift.rule", data={"field": error.field}) from error
    version.save(force_insert=True)
    return version


def _look(shift: Shift) -> dict[str, Any]:
    return {
        "name": shift.name,
        "code": shift.code,
        "colour": shift.colour,
        "site": str(shift.site_id or ""),
    }


def _hours(version: ShiftVersion) -> dict[str, Any]:
    return {
        "start": version.start.isoformat(timespec="minutes"),
        "end": version.end.isoformat(timespec="minutes"),
        "days": version.days,
        "flexible_minutes": version.flexible_minutes,
        "policy": str(version.policy_id),
    }
