"""What a date of somebody is made of: each shift with its sentences and drawing, and every punch
with what it did, or why it did nothing.

Public surface: ``DateEvidence``, ``RowEvidence``, ``date_evidence``. ``punch_roles`` tells what a
punch did, ``revisions`` what a day was before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from portal.attendance.clock_changes import change_on, change_within
from portal.attendance.explain import Line, explain
from portal.attendance.models import (
    Adjustment,
    AttendanceDay,
    Correction,
    DayException,
    Punch,
    StaleDays,
)
from portal.attendance.selectors.corrections import standing_corrections
from portal.attendance.selectors.periods import locked_periods_of
from portal.attendance.selectors.punch_roles import Evidence, added_time, evidence_of
from portal.attendance.selectors.revisions import RevisionView, revisions_of
from portal.attendance.selectors.time_card import CardSession, flags_beside, sessions_of
from portal.attendance.selectors.whose import Whose
from portal.attendance.timeline import Timeline, timeline
from portal.attendance.words import wall_time
from portal.core.context import current_actor
from portal.sightings.models import RecognisedFace
from portal.sightings.selectors import faces_within, visible_visits

__all__ = ["DateEvidence", "RowEvidence", "date_evidence"]

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RowEvidence:
    """One shift of the date, or work without one."""

    day: AttendanceDay
    sessions: tuple[CardSession, ...]
    lines: tuple[Line, ...]
    punches: tuple[Evidence, ...]
    drawing: Timeline | None
    finding: str
    clock_note: str
    exceptions: tuple[DayException, ...]
    adjustments: tuple[Adjustment, ...]

    @property
    def flags(self) -> tuple[str, ...]:
        """Those that no exception says as well."""
        return flags_beside(self.day, self.exceptions)


@dataclass(frozen=True, slots=True)
class DateEvidence:
    """``others`` are punches near the date that made none of its minutes."""

    whose: Whose
    work_date: date
    rows: tuple[RowEvidence, ...]
    others: tuple[Evidence, ...]
    corrections: tuple[Correction, ...]
    revisions: tuple[RevisionView, ...]
    clock_note: str
    is_locked: bool
    is_being_computed: bool

    @property
    def before(self) -> date:
        return self.work_date - _DAY

    @property
    def after(self) -> date:
        return self.work_date + _DAY


def date_evidence(whose: Whose, work_date: date) -> DateEvidence:
    """As many queries for a busy day as for an empty one."""
    person = whose.person
    near = list(
        AttendanceDay.objects.filter(
            person=person, work_date__range=(work_date - _DAY, work_date + _DAY)
        )
        .select_related("shift__shift", "policy__policy")
        .order_by("work_date", "occurrence_no")
    )
    days = [day for day in near if day.work_date == work_date]
    corrections = tuple(
        Correction.objects.filter(person=person, work_date=work_date)
        .select_related("punch", "requested_by", "decided_by")
        .order_by("id")
    )
    standing = standing_corrections(person.pk, work_date)
    found = _punches(whose, work_date, days)
    homes = {key: day for day in near for key in day.punch_keys}
    exceptions, adjustments = _remarks(whose, work_date)
    told: list[list[Evidence]] = []
    for day in days:
        own = [punch for punch in found if homes.get(str(punch.pk)) is day]
        added = [each for each in standing if homes.get(str(each.pk)) is day]
        evidence = evidence_of(day, own, standing)
        evidence += [added_time(day, each) for each in added]
        told.append(sorted(evidence, key=lambda each: each.at))
    used = {each.key for evidence in told for each in evidence}
    others = [punch for punch in found if str(punch.pk) not in used]
    told.append(evidence_of(None, others, standing, homes=homes, zone=whose.zone, on=work_date))
    shown = {each.key: each for each in _shown(whose, chain.from_iterable(told))}
    rows = []
    for day, evidence in zip(days, told, strict=False):
        rows.append(
            _row(
                day,
                [shown[each.key] for each in evidence],
                others=[shown[each.key] for each in told[-1]],
                is_excused=any(each.kind == Correction.Kind.EXCUSE for each in standing),
                exceptions=exceptions.get(day.occurrence_no, ()),
                adjustments=adjustments.get(day.occurrence_no, ()),
            )
        )
    stale = StaleDays.objects.filter(
        person=person, first__lte=work_date + _DAY, last__gte=work_date - _DAY
    )
    locked = locked_periods_of([person.pk], first=work_date, last=work_date)
    return DateEvidence(
        whose=whose,
        work_date=work_date,
        rows=tuple(rows),
        others=tuple(shown[each.key] for each in told[-1]),
        corrections=corrections,
        revisions=revisions_of(person.pk, work_date, zone=whose.zone),
        clock_note=change_on(work_date, whose.zone),
        is_locked=locked.of(person.pk, work_date) is not None,
        is_being_computed=stale.exists(),
    )


def _punches(whose: Whose, work_date: date, days: Sequence[AttendanceDay]) -> list[Punch]:
    """Those of the date by the clock, those within its shifts' windows, and those that it names."""
    zone = ZoneInfo(whose.zone)
    low = datetime.combine(work_date, time(), zone).astimezone(UTC)
    high = datetime.combine(work_date + _DAY, time(), zone).astimezone(UTC)
    for day in days:
        low = min(low, day.window_start or low)
        high = max(high, day.window_end or high)
    named = [key for day in days for key in map(_id, day.punch_keys) if key is not None]
    return list(
        Punch.objects.filter(
            Q(last_at__gte=low, at__lt=high) | Q(pk__in=named),
            person=whose.person,
        )
        .select_related("camera", "visit", "superseded_by__person")
        .order_by("at", "id")
    )


def _id(key: str) -> UUID | None:
    """A key that is no id is one of something that is not stored as a row."""
    try:
        return UUID(key)
    except ValueError:
        return None


def _shown(whose: Whose, found: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """With the faces and visits that the actor may look at, and those alone; a crop that was
    deleted after its time is not offered."""
    evidence = tuple(found)
    faces, visits = _visible_ids(whose, evidence)
    return tuple(
        replace(
            each,
            face_id=each.face_id if each.face_id in faces else None,
            visit_id=each.visit_id if each.visit_id in visits else None,
        )
        for each in evidence
    )


def _visible_ids(whose: Whose, evidence: Sequence[Evidence]) -> tuple[set[int], set[UUID]]:
    actor = current_actor()
    face_ids = {each.face_id for each in evidence if each.face_id is not None}
    visit_ids = {each.visit_id for each in evidence if each.visit_id is not None}
    faces = RecognisedFace.objects.filter(pk__in=face_ids).exclude(portrait_key="")
    if whose.is_own:
        # One's own page shows one's own pictures, and no page of the cameras.
        return set(faces.filter(person=whose.person).values_list("pk", flat=True)), set()
    if not actor.may("sightings.view"):
        return set(), set()
    seen = set(faces.filter(faces_within(actor)).values_list("pk", flat=True))
    passed = visible_visits().filter(pk__in=visit_ids).order_by().values_list("pk", flat=True)
    return seen, set(passed)


def _remarks(
    whose: Whose, work_date: date
) -> tuple[dict[int, tuple[DayException, ...]], dict[int, tuple[Adjustment, ...]]]:
    exceptions: dict[int, tuple[DayException, ...]] = defaultdict(tuple)
    for each in DayException.objects.filter(person=whose.person, work_date=work_date).order_by(
        "id"
    ):
        exceptions[each.occurrence_no] += (each,)
    adjustments: dict[int, tuple[Adjustment, ...]] = defaultdict(tuple)
    for row in (
        Adjustment.objects.filter(person=whose.person, work_date=work_date)
        .select_related("period", "reported_in")
        .order_by("id")
    ):
        adjustments[row.occurrence_no] += (row,)
    return exceptions, adjustments


def _row(
    day: AttendanceDay,
    punches: list[Evidence],
    *,
    others: Sequence[Evidence],
    is_excused: bool,
    exceptions: Sequence[DayException],
    adjustments: Sequence[Adjustment],
) -> RowEvidence:
    sessions = sessions_of(day)
    waiting = [each for each in others if each.kind == "waiting"]
    beside = [each for each in others if _is_near(day, each)]
    return RowEvidence(
        day=day,
        sessions=sessions,
        lines=explain(day, sessions, is_excused=is_excused, has_unsure=bool(waiting)),
        punches=tuple(punches),
        drawing=_drawing(day, sessions, [*punches, *beside]),
        finding=_finding(day),
        clock_note=change_within(day.start, day.end, day.zone),
        exceptions=tuple(exceptions),
        adjustments=tuple(adjustments),
    )


def _is_near(day: AttendanceDay, punch: Evidence) -> bool:
    """Drawn with this row: what waits or was struck out within its window."""
    if punch.kind == "ignored" or day.window_start is None or day.window_end is None:
        return False
    return day.window_start <= punch.at <= day.window_end


def _drawing(
    day: AttendanceDay, sessions: Sequence[CardSession], punches: Sequence[Evidence]
) -> Timeline | None:
    def words(label: str, begins: datetime, ends: datetime) -> str:
        start, end = (wall_time(at, day.zone, on=day.work_date) for at in (begins, ends))
        return f"{label}: {start} to {end}"

    spans: list[tuple[str, datetime, datetime, str]] = []

    def add(kind: str, label: str, begins: datetime | None, ends: datetime | None) -> None:
        if begins is not None and ends is not None:
            spans.append((kind, begins, ends, words(label, begins, ends)))

    if day.start is not None:
        add("window", "Punches count for this shift", day.window_start, day.window_end)
        add("shift", "Shift", day.start, day.end)
    if day.start is not None and day.end is not None and day.policy is not None:
        late = timedelta(minutes=day.policy.grace_late_min)
        early = timedelta(minutes=day.policy.grace_early_min)
        add("grace", "Grace", day.start, day.start + late)
        add("grace", "Grace", day.end - early, day.end)
        add("break", "Break", *_break_of(day))
    for each in sessions:
        add("session", "Worked", each.start, each.end)
    return timeline(spans, [(p.kind, p.at, p.title) for p in punches], zone=day.zone)


def _break_of(day: AttendanceDay) -> tuple[datetime | None, datetime | None]:
    """On the date of the shift, or after its midnight where the shift begins later than it."""
    policy, version = day.policy, day.shift
    if policy is None or version is None or not policy.break_start or not policy.break_end:
        return None, None
    zone = ZoneInfo(day.zone)
    on = day.work_date if policy.break_start >= version.start else day.work_date + _DAY
    until = on if policy.break_end > policy.break_start else on + _DAY
    return (
        datetime.combine(on, policy.break_start, zone).astimezone(UTC),
        datetime.combine(until, policy.break_end, zone).astimezone(UTC),
    )


def _finding(day: AttendanceDay) -> str:
    """The title of the drawing: what it shows."""
    parts = []
    if day.first_in is not None:
        late = f", {day.late_min} min late" if day.late_min else ""
        parts.append(f"Came {wall_time(day.first_in, day.zone, on=day.work_date)}{late}")
    if day.last_out is not None:
        early = f", {day.early_min} min early" if day.early_min else ""
        parts.append(f"left {wall_time(day.last_out, day.zone, on=day.work_date)}{early}")
    if not parts:
        return "Nobody was seen"
    said = "; ".join(parts)
    return said[:1].upper() + said[1:]
