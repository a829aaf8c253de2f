"""Kinds of leave. Public surface: ``create_type``, ``change_type``, ``retire_type``,
``reinstate_type``. A kind is never deleted: leave of the past names it."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.naming import free_name
from portal.schedules.models import LeaveType
from portal.schedules.services.reach import require_everywhere

__all__ = ["change_type", "create_type", "reinstate_type", "retire_type"]

_LONGEST = 60


@transaction.atomic
def create_type(name: str, *, is_paid: bool) -> LeaveType:
    require_everywhere("A kind of leave")
    kind = LeaveType.objects.create(name=_free(name), is_paid=is_paid)
    record("schedules.leave_type.created", target=kind, after=_shown(kind))
    return kind


@transaction.atomic
def change_type(kind: LeaveType, name: str, *, is_paid: bool) -> LeaveType:
    require_everywhere("A kind of leave")
    locked = LeaveType.objects.select_for_update().get(pk=kind.pk)
    before = _shown(locked)
    locked.name, locked.is_paid = _free(name, unless=locked), is_paid
    if _shown(locked) != before:
        locked.save(update_fields=["name", "is_paid"])
        record("schedules.leave_type.changed", target=locked, before=before, after=_shown(locked))
    return locked


@transaction.atomic
def retire_type(kind: LeaveType) -> LeaveType:
    """It can be asked for no more; what was asked for stays."""
    return _mark(kind, is_retired=True)


@transaction.atomic
def reinstate_type(kind: LeaveType) -> LeaveType:
    return _mark(kind, is_retired=False)


def _mark(kind: LeaveType, *, is_retired: bool) -> LeaveType:
    require_everywhere("A kind of leave")
    locked = LeaveType.objects.select_for_update().get(pk=kind.pk)
    if (locked.retired_at is not None) != is_retired:
        locked.retired_at = timezone.now() if is_retired else None
        locked.save(update_fields=["retired_at"])
        word = "retired" if is_retired else "reinstated"
        record(f"schedules.leave_type.{word}", target=locked, after=_shown(locked))
    return locked


def _free(name: str, *, unless: LeaveType | None = None) -> str:
    return free_name(name, model=LeaveType, noun="leave type", unless=unless)[:_LONGEST]


def _shown(kind: LeaveType) -> dict[str, object]:
    return {"name": kind.name, "is_paid": kind.is_paid, "is_retired": kind.retired_at is not None}
