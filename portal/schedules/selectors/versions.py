"""Which version of a shift and of its policy holds on a date, and what the engine makes of them.

Public surface: ``Span``, ``Held``, ``VersionIds``, ``held``, ``spans_of``, ``span_on``,
``version_ids``, ``engine_policy``, ``engine_shift``.

The engine knows a shift by its id: a shift that is given another name is still the same shift,
and none of its days becomes another day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Generic, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.attendance.engine import BreakWindow, Pairing, Policy, RoundMode, Shift
from portal.schedules.models import PolicyVersion, ShiftVersion

__all__ = [
    "Held",
    "Span",
    "VersionIds",
    "engine_policy",
    "engine_shift",
    "held",
    "span_on",
    "spans_of",
    "version_ids",
]

ONE_DAY = timedelta(days=1)
_COUNTS = (
    "debounce_s", "early_in_min", "late_out_min", "max_session_min", "grace_late_min",
    "grace_early_min", "break_min", "break_after_min", "overtime_after_min", "overtime_unit_min",
    "absent_below_min", "half_day_below_min", "round_unit_min",
)  # fmt: skip


V = TypeVar("V", ShiftVersion, PolicyVersion)


@dataclass(frozen=True, slots=True)
class Held(Generic[V]):
    """A version and the dates on which no later one holds; None is without an end that way."""

    first: date | None
    last: date | None
    version: V


@dataclass(frozen=True, slots=True)
class Span:
    """Dates on which one version of a shift and one of its policy hold."""

    first: date | None
    last: date | None
    shift: ShiftVersion
    policy: PolicyVersion | None


@dataclass(frozen=True, slots=True)
class VersionIds:
    """By which rules a day was computed."""

    shift_id: UUID
    policy_id: UUID | None


def held(versions: Iterable[V]) -> list[Held[V]]:
    """In the order of time. Of versions that hold on the same date the highest number counts, so
    one that begins earlier than those before it leaves nothing of them but what lies before."""
    found: list[Held[V]] = []
    last: date | None = None
    for version in sorted(versions, key=lambda each: -each.number):
        first = version.valid_from
        if last is not None and first is not None and first > last:
            continue
        found.append(Held(first, last, version))
        if first is None:
            break
        last = first - ONE_DAY
    return found[::-1]


def spans_of(shift_ids: Iterable[UUID] | None = None) -> dict[UUID, tuple[Span, ...]]:
    """Per shift (of all of them, where none are named) its spans in the order of time.

    Two queries. A shift without a version has no spans.
    """
    rows = ShiftVersion.objects.select_related("shift").order_by("shift_id", "number")
    if shift_ids is not None:
        rows = rows.filter(shift__in=set(shift_ids))
    versions = list(rows)
    policies = PolicyVersion.objects.order_by("policy_id", "number")
    if shift_ids is not None:
        policies = policies.filter(policy__in={each.policy_id for each in versions})
    of_policy = {
        policy_id: held(group) for policy_id, group in groupby(policies, lambda p: p.policy_id)
    }
    return {
        shift_id: tuple(_cut(held(group), of_policy))
        for shift_id, group in groupby(versions, lambda v: v.shift_id)
    }


def span_on(spans: Sequence[Span], day: date) -> Span | None:
    """None before the first version of all."""
    for span in reversed(spans):
        if span.first is None or span.first <= day:
            return span
    return None


def version_ids(worked: Iterable[tuple[str, date]]) -> dict[tuple[str, date], VersionIds]:
    """Per (``Day.shift``, ``Day.work_date``) which versions they were; two queries for them all.

    Days without a shift are not to be asked about, and a shift that is unknown is left out.
    """
    asked = set(worked)
    spans = spans_of(UUID(name) for name, _ in asked)
    found: dict[tuple[str, date], VersionIds] = {}
    for name, day in asked:
        span = span_on(spans.get(UUID(name), ()), day)
        if span is not None:
            policy_id = None if span.policy is None else span.policy.pk
            found[name, day] = VersionIds(span.shift.pk, policy_id)
    return found


def engine_policy(version: PolicyVersion | None) -> Policy:
    """Raises ``InvalidRule``; without a version the defaults of the specification."""
    if version is None:
        return Policy()
    window = None
    if version.break_start is not None and version.break_end is not None:
        window = BreakWindow(version.break_start, version.break_end)
    return Policy(
        **{name: getattr(version, name) for name in _COUNTS},
        pairing=Pairing(version.pairing),
        break_window=window,
        count_early=version.count_early,
        round_mode=RoundMode(version.round_mode),
        auto_close=version.auto_close,
    )


def engine_shift(version: ShiftVersion, policy: Policy, zone: ZoneInfo) -> Shift:
    """Raises ``InvalidRule``."""
    return Shift(
        name=str(version.shift_id),
        start=version.start,
        end=version.end,
        zone=zone,
        days=frozenset(version.days),
        flexible_minutes=version.flexible_minutes,
        policy=policy,
    )


def _cut(
    versions: list[Held[ShiftVersion]], of_policy: dict[UUID, list[Held[PolicyVersion]]]
) -> Iterable[Span]:
    for each in versions:
        policies = of_policy.get(each.version.policy_id, [])
        inside = [
            Span(first, last, each.version, policy.version)
            for policy in policies
            for first, last in [_common(each, policy)]
            if first is None or last is None or first <= last
        ]
        # Before the first version of its policy a shift goes by the defaults.
        begins = inside[0].first if inside else None
        if not inside:
            yield Span(each.first, each.last, each.version, None)
        elif begins is not None and (each.first is None or each.first < begins):
            yield Span(each.first, begins - ONE_DAY, each.version, None)
        yield from inside


def _common(one: Held[ShiftVersion], other: Held[PolicyVersion]) -> tuple[date | None, date | None]:
    firsts = [each.first for each in (one, other) if each.first is not None]
    lasts = [each.last for each in (one, other) if each.last is not None]
    return max(firsts, default=None), min(lasts, default=None)
