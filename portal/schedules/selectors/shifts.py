"""Shifts and policies as pages show them: what holds now, what will, and what held before.

Public surface: ``ShiftRow``, ``PolicyRow``, ``VersionRow``, ``visible_shifts``, ``visible_shift``,
``visible_policies``, ``visible_policy``, ``shift_rows``, ``policy_rows``, ``shift_history``,
``policy_history``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet

from portal.core.context import require
from portal.core.errors import NotFound
from portal.organisation.selectors import visible_sites
from portal.schedules.bars import DayBar, bar_of
from portal.schedules.models import PolicyVersion, Shift, ShiftVersion, WorkPolicy
from portal.schedules.selectors.versions import Span, engine_policy, held, span_on, spans_of
from portal.schedules.sentences import days_in_words, hours_in_words, policy_sentences

__all__ = [
    "PolicyRow",
    "ShiftRow",
    "VersionRow",
    "policy_history",
    "policy_rows",
    "shift_history",
    "shift_rows",
    "visible_policies",
    "visible_policy",
    "visible_shift",
    "visible_shifts",
]


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """A shift as it is on a date; ``following`` is what it becomes after that."""

    shift: Shift
    version: ShiftVersion
    policy: WorkPolicy
    bar: DayBar
    hours: str
    days: str
    sentences: tuple[str, ...]
    following: Span | None


@dataclass(frozen=True, slots=True)
class PolicyRow:
    policy: WorkPolicy
    version: PolicyVersion
    sentences: tuple[str, ...]
    following: PolicyVersion | None
    shifts: tuple[Shift, ...]


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version in a history. ``added`` and ``gone`` are sentences that it brought and took."""

    version: ShiftVersion | PolicyVersion
    first: date | None
    last: date | None
    state: str
    added: tuple[str, ...]
    gone: tuple[str, ...]


def visible_shifts() -> QuerySet[Shift]:
    """Those of use everywhere, and those of the sites within the actor's scope."""
    require("schedules.view")
    return Shift.objects.filter(Q(site=None) | Q(site__in=visible_sites())).select_related("site")


def visible_shift(shift_id: UUID) -> Shift:
    shift = visible_shifts().filter(pk=shift_id).first()
    if shift is None:
        raise NotFound("There is no such shift.")
    return shift


def visible_policies() -> QuerySet[WorkPolicy]:
    require("schedules.view")
    return WorkPolicy.objects.all()


def visible_policy(policy_id: UUID) -> WorkPolicy:
    policy = visible_policies().filter(pk=policy_id).first()
    if policy is None:
        raise NotFound("There is no such policy.")
    return policy


def shift_rows(shifts: Sequence[Shift], *, on: date) -> list[ShiftRow]:
    """A shift that begins to hold after ``on`` is shown as it will be."""
    spans = spans_of(shift.pk for shift in shifts)
    policies = WorkPolicy.objects.in_bulk(
        {span.shift.policy_id for each in spans.values() for span in each}
    )
    rows = []
    for shift in shifts:
        of_shift = spans.get(shift.pk, ())
        if not of_shift:
            continue
        span = span_on(of_shift, on) or of_shift[0]
        later = [each for each in of_shift if each.first is not None and each.first > on]
        rows.append(
            _shift_row(
                shift,
                span,
                policies[span.shift.policy_id],
                next((each for each in later if each is not span), None),
            )
        )
    return rows


def _shift_row(shift: Shift, span: Span, policy: WorkPolicy, following: Span | None) -> ShiftRow:
    version, rules = span.shift, engine_policy(span.policy)
    return ShiftRow(
        shift=shift,
        version=version,
        policy=policy,
        bar=bar_of(
            shift.name,
            start=version.start,
            end=version.end,
            flexible_minutes=version.flexible_minutes,
            break_window=rules.break_window,
        ),
        hours=hours_in_words(version.start, version.end, version.flexible_minutes),
        days=days_in_words(version.days),
        sentences=tuple(policy_sentences(rules)),
        following=following,
    )


def policy_rows(policies: Sequence[WorkPolicy], *, on: date) -> list[PolicyRow]:
    versions: dict[UUID, list[PolicyVersion]] = {}
    for version in PolicyVersion.objects.filter(policy__in=policies).order_by("number"):
        versions.setdefault(version.policy_id, []).append(version)
    shifts = _shifts_by_policy(on)
    rows = []
    for policy in policies:
        of_policy = held(versions.get(policy.pk, []))
        if not of_policy:
            continue
        now = [each for each in of_policy if each.first is None or each.first <= on]
        current = now[-1] if now else of_policy[0]
        later = [each for each in of_policy if each.first is not None and each.first > on]
        rows.append(
            PolicyRow(
                policy=policy,
                version=current.version,
                sentences=tuple(policy_sentences(engine_policy(current.version))),
                following=next((e.version for e in later if e is not current), None),
                shifts=tuple(shifts.get(policy.pk, ())),
            )
        )
    return rows


def _shifts_by_policy(on: date) -> dict[UUID, list[Shift]]:
    shifts = list(visible_shifts().filter(retired_at=None))
    spans = spans_of(shift.pk for shift in shifts)
    found: dict[UUID, list[Shift]] = {}
    for shift in shifts:
        span = span_on(spans.get(shift.pk, ()), on)
        if span is not None:
            found.setdefault(span.shift.policy_id, []).append(shift)
    return found


def shift_history(shift: Shift, *, on: date) -> list[VersionRow]:
    """The newest first."""
    names = dict(WorkPolicy.objects.values_list("id", "name"))
    told = [
        (
            version,
            (
                f"{hours_in_words(version.start, version.end, version.flexible_minutes)}.",
                f"Worked {days_in_words(version.days)}.",
                f"Policy: {names[version.policy_id]}.",
            ),
        )
        for version in shift.versions.order_by("number")
    ]
    kept = held(version for version, _ in told)
    return _history(told, {each.version.pk: (each.first, each.last) for each in kept}, on)


def policy_history(policy: WorkPolicy, *, on: date) -> list[VersionRow]:
    """The newest first."""
    told = [
        (version, tuple(policy_sentences(engine_policy(version))))
        for version in policy.versions.order_by("number")
    ]
    kept = held(version for version, _ in told)
    return _history(told, {each.version.pk: (each.first, each.last) for each in kept}, on)


def _history(
    told: Sequence[tuple[ShiftVersion | PolicyVersion, tuple[str, ...]]],
    kept: Mapping[UUID, tuple[date | None, date | None]],
    on: date,
) -> list[VersionRow]:
    rows: list[VersionRow] = []
    earlier: tuple[str, ...] = ()
    for version, mine in told:
        rows.append(
            VersionRow(
                version=version,
                first=version.valid_from,
                last=kept.get(version.pk, (None, None))[1],
                state=_state(kept.get(version.pk), on),
                added=tuple(each for each in mine if each not in earlier),
                gone=tuple(each for each in earlier if each not in mine),
            )
        )
        earlier = mine
    return rows[::-1]


def _state(kept: tuple[date | None, date | None] | None, on: date) -> str:
    """``replaced``: a later version begins no later, and left nothing of it."""
    if kept is None:
        return "replaced"
    first, last = kept
    if first is not None and first > on:
        return "coming"
    return "past" if last is not None and last < on else "now"
