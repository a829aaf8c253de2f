"""Policies: a name, and rules that are never edited but followed by a new version.

Public surface: ``create_policy``, ``change_policy``, ``rename_policy``, ``retire_policy``,
``reinstate_policy``. Rules are given as the engine's own ``Policy``, which refuses what it cannot
compute with.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from portal.attendance.engine import Policy
from portal.audit.services import record
from portal.core.context import current_actor, require
from portal.core.errors import DomainError
from portal.core.naming import free_name
from portal.schedules.models import PolicyVersion, Shift, ShiftVersion, WorkPolicy
from portal.schedules.selectors.versions import engine_policy
from portal.schedules.services.changing import changing
from portal.schedules.services.reach import require_everywhere
from portal.schedules.services.sound import check_break, check_policy
from portal.schedules.services.words import reason_given

__all__ = [
    "change_policy",
    "create_policy",
    "reinstate_policy",
    "rename_policy",
    "retire_policy",
]

_NOUN = "policy"


@transaction.atomic
def create_policy(name: str, rules: Policy) -> WorkPolicy:
    """With its first version, which holds since ever."""
    require("schedules.manage")
    require_everywhere("A policy")
    check_policy(rules)
    policy = WorkPolicy.objects.create(name=free_name(name, model=WorkPolicy, noun=_NOUN))
    _add_version(policy, rules, number=1, valid_from=None, reason="")
    record("schedules.policy.created", target=policy, after=_told(rules))
    return policy


@transaction.atomic
def change_policy(
    policy: WorkPolicy, rules: Policy, *, valid_from: date, reason: str
) -> PolicyVersion:
    """A new version from ``valid_from`` on; days before it keep the rules they were worked under.

    Raises ``DomainError``: ``policy.unchanged``, ``schedule.reason``, ``policy.break_outside``.
    """
    require("schedules.manage")
    require_everywhere("A policy")
    locked = WorkPolicy.objects.select_for_update().get(pk=policy.pk)
    reason = reason_given(reason)
    check_policy(rules)
    newest = _newest(locked)
    before = engine_policy(newest)
    if before == rules and (newest.valid_from or valid_from) <= valid_from:
        raise DomainError(
            "These are the rules that hold already. Change one of them, or leave the page.",
            code="policy.unchanged",
        )
    _check_shifts(locked, rules)
    with changing(first=valid_from, cause="policy_version"):
        version = _add_version(
            locked, rules, number=newest.number + 1, valid_from=valid_from, reason=reason
        )
    record(
        "schedules.policy.changed",
        target=locked,
        before={"version": newest.number, **_told(before)},
        after={
            "version": version.number,
            "valid_from": valid_from.isoformat(),
            **_told(rules),
        },
        reason=reason,
    )
    return version


@transaction.atomic
def rename_policy(policy: WorkPolicy, name: str) -> WorkPolicy:
    require("schedules.manage")
    require_everywhere("A policy")
    locked = WorkPolicy.objects.select_for_update().get(pk=policy.pk)
    before = locked.name
    locked.name = free_name(name, model=WorkPolicy, noun=_NOUN, unless=locked)
    if locked.name != before:
        locked.save(update_fields=["name"])
        record(
            "schedules.policy.renamed",
            target=locked,
            before={"name": before},
            after={"name": locked.name},
        )
    return locked


@transaction.atomic
def retire_policy(policy: WorkPolicy) -> WorkPolicy:
    """It can be given to no further shift. Raises ``DomainError`` ``policy.in_use``."""
    require("schedules.manage")
    require_everywhere("A policy")
    locked = WorkPolicy.objects.select_for_update().get(pk=policy.pk)
    using = sorted(shift.name for shift, _ in _shifts_of(locked) if shift.retired_at is None)
    if using:
        raise DomainError(
            f"“{locked.name}” is the policy of {_listed(using)}. Give these another policy first, "
            "or retire them.",
            code="policy.in_use",
            http_status=409,
        )
    return _mark(locked, is_retired=True)


@transaction.atomic
def reinstate_policy(policy: WorkPolicy) -> WorkPolicy:
    require("schedules.manage")
    require_everywhere("A policy")
    locked = WorkPolicy.objects.select_for_update().get(pk=policy.pk)
    return _mark(locked, is_retired=False)


def _mark(policy: WorkPolicy, *, is_retired: bool) -> WorkPolicy:
    if (policy.retired_at is not None) != is_retired:
        policy.retired_at = timezone.now() if is_retired else None
        policy.save(update_fields=["retired_at"])
        word = "retired" if is_retired else "reinstated"
        record(f"schedules.policy.{word}", target=policy, after={"is_retired": is_retired})
    return policy


def _newest(policy: WorkPolicy) -> PolicyVersion:
    return policy.versions.order_by("-number")[0]


def _shifts_of(policy: WorkPolicy) -> list[tuple[Shift, ShiftVersion]]:
    """The shifts that go by it now or will, with that version."""
    newest: dict[Any, ShiftVersion] = {}
    for version in ShiftVersion.objects.select_related("shift").order_by("number"):
        newest[version.shift_id] = version
    return [(each.shift, each) for each in newest.values() if each.policy_id == policy.pk]


def _check_shifts(policy: WorkPolicy, rules: Policy) -> None:
    for shift, version in _shifts_of(policy):
        if shift.retired_at is None:
            check_break(rules, start=version.start, end=version.end, shift_name=shift.name)


def _add_version(
    policy: WorkPolicy, rules: Policy, *, number: int, valid_from: date | None, reason: str
) -> PolicyVersion:
    return PolicyVersion.objects.create(
        policy=policy,
        number=number,
        valid_from=valid_from,
        reason=reason,
        made_by=current_actor().label,
        **_columns(rules),
    )


def _columns(rules: Policy) -> dict[str, Any]:
    window = rules.break_window
    return {
        **{name: getattr(rules, name) for name in _FIELDS},
        "break_start": window.start if window else None,
        "break_end": window.end if window else None,
    }


def _told(rules: Policy) -> dict[str, Any]:
    return {
        name: value.isoformat(timespec="minutes") if name in _TIMES and value else value
        for name, value in _columns(rules).items()
    }


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"“{name}”" for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


_TIMES = {"break_start", "break_end"}
_FIELDS = tuple(
    field.name
    for field in PolicyVersion._meta.get_fields()
    if field.name in Policy.__dataclass_fields__
)
