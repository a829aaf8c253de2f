"""What rounding adds to or takes from each person: over time it should come to nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from portal.attendance.engine import InvalidRule, Session
from portal.attendance.engine.minutes import Due, measure
from portal.attendance.engine.occurrences import occurrence_of
from portal.attendance.engine.pairing import Presence
from portal.attendance.engine.results import Punch
from portal.attendance.engine.words import Direction, Source
from portal.attendance.models import AttendanceDay
from portal.reports.choices import Choices
from portal.reports.kinds import base
from portal.reports.kinds.base import ReportKind, one_section, people_of
from portal.reports.selectors.facts import Facts, zone_named
from portal.reports.sheet import Column, Kind, Row, Section
from portal.reports.spans import Span
from portal.schedules.selectors.versions import engine_policy, engine_shift

__all__ = ["ROUNDING", "unrounded"]

_COLUMNS: Final = (
    base.CODE,
    base.NAME,
    base.DEPARTMENT,
    Column("rounded", "Days rounded", Kind.COUNT, 10, is_total=True),
    base.PAYABLE,
    Column("exact", "Unrounded", Kind.MINUTES, 9, is_total=True, hint="Payable without rounding"),
    # Excel shows no negative durations.
    Column("effect", "Effect (min)", Kind.COUNT, 10, is_total=True, hint="Payable less unrounded"),
    Column("up", "Given (min)", Kind.COUNT, 10, is_total=True),
    Column("down", "Taken (min)", Kind.COUNT, 10, is_total=True),
)


def _columns(_: Choices) -> tuple[Column, ...]:
    return _COLUMNS


def _sections(facts: Facts) -> tuple[Section, ...]:
    effects = _effects(facts)
    rows = []
    for (name, code, _), days in people_of(facts.days).items():
        theirs = [effects[day.pk] for day in days if day.pk in effects]
        payable, effect = sum(day.payable_min for day in days), sum(theirs)
        cells = (
            code,
            name,
            days[-1].department,
            len(theirs) or None,
            payable,
            payable - effect,
            effect,
            sum(one for one in theirs if one > 0) or None,
            -sum(one for one in theirs if one < 0) or None,
        )
        rows.append(Row(cells, days[0].person_id))
    return one_section(_COLUMNS, rows)


def _effects(facts: Facts) -> dict[UUID, int]:
    """By day: payable minutes less what they would be, where a policy rounds."""
    days = (
        facts.day_rows()
        .filter(policy__round_unit_min__gt=0, worked_min__gt=0)
        .select_related("policy", "shift")
    )
    found = {}
    for day in days:
        exact = unrounded(day)
        if exact is not None:
            found[day.pk] = day.payable_min - exact
    return found


def unrounded(day: AttendanceDay) -> int | None:
    """Payable minutes by the stored sessions and rules, less the rounding. None where the rules
    do not give the stored minutes, so that nothing can be said."""
    try:
        policy = engine_policy(day.policy)
        due = None
        if day.shift is not None and day.start is not None and day.end is not None:
            shift = engine_shift(day.shift, policy, zone_named(day.zone))
            occurrence = occurrence_of(shift, day.work_date)
            if occurrence is None:
                return None
            due = Due(occurrence, day.start, day.end, shift.flexible_minutes, False, True)
    except InvalidRule:
        return None
    presence = Presence(_sessions(day), day.first_in, day.last_out)
    if measure(presence, due, policy).payable != day.payable_min:
        return None
    return measure(presence, due, replace(policy, round_unit_min=0)).payable


def _sessions(day: AttendanceDay) -> tuple[Session, ...]:
    found = []
    for stored in day.sessions:
        start, end = (datetime.fromisoformat(stored[name]) for name in ("start", "end"))
        # By which punch it was opened means nothing to minutes.
        opened = Punch(start, start, Direction.IN, Source.MANUAL, "", ())
        found.append(Session(start, end, opened, None))
    return tuple(found)


ROUNDING = ReportKind(
    slug="rounding",
    title="Effect of rounding",
    question="Does rounding favour anybody, and by how many minutes?",
    group="Hours",
    icon="gauge",
    columns=_columns,
    sections=_sections,
    span=Span.LAST_MONTH,
)
