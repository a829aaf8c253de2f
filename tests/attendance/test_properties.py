"""What holds of every person's days, whatever the cameras saw and wherever the site is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.attendance.engine import (
    MARGIN,
    Assignment,
    BreakWindow,
    Day,
    Direction,
    Flag,
    Leave,
    LeavePart,
    OverlappingShifts,
    Override,
    Pairing,
    PersonInputs,
    Policy,
    Schedule,
    Shift,
    Sighting,
    Source,
    Status,
    attendance_days,
    check_schedule,
)

# Each beside a date near which something happens to its clocks.
PLACES = [
    ("Europe/Berlin", date(2026, 3, 28)),
    ("Europe/Berlin", date(2026, 10, 24)),
    ("Europe/Dublin", date(2026, 3, 28)),  # winter time is the exception there
    ("Europe/Dublin", date(2026, 10, 24)),
    ("Africa/Casablanca", date(2026, 2, 14)),  # an hour back for Ramadan
    ("Africa/Casablanca", date(2026, 3, 21)),
    ("Australia/Lord_Howe", date(2026, 4, 4)),  # half an hour
    ("Australia/Lord_Howe", date(2026, 10, 3)),
    ("Asia/Kolkata", date(2026, 5, 4)),  # never, but five and a half hours ahead
    ("Pacific/Apia", date(2026, 5, 4)),  # thirteen hours ahead
    ("Pacific/Apia", date(2011, 12, 29)),  # leapt over 30 December
    ("America/New_York", date(2026, 11, 1)),
]
SPAN = 4
HOURS = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))
BREAKS = st.none() | st.builds(BreakWindow, HOURS, HOURS)
POLICIES = st.builds(
    Policy,
    debounce_s=st.sampled_from([0, 60, 600]),
    early_in_min=st.sampled_from([0, 60, 180]),
    late_out_min=st.sampled_from([0, 120, 240]),
    max_session_min=st.sampled_from([300, 960]),
    pairing=st.sampled_from(Pairing),
    break_window=BREAKS,
    break_min=st.sampled_from([0, 30]),
    count_early=st.booleans(),
    overtime_after_min=st.sampled_from([0, 30]),
    absent_below_min=st.sampled_from([0, 120]),
    half_day_below_min=st.sampled_from([0, 240]),
    auto_close=st.booleans(),
)


@st.composite
def people(draw: st.DrawFn) -> tuple[PersonInputs, date]:
    """Somebody with up to two shifts a day, some leave, some holidays and any punches."""
    name, first = draw(st.sampled_from(PLACES))
    zone = ZoneInfo(name)
    shifts = st.builds(
        Shift,
        name=st.sampled_from(["a", "b"]),
        start=HOURS,
        end=HOURS,
        zone=st.just(zone),
        days=st.frozensets(st.integers(0, 6), min_size=4),
        flexible_minutes=st.none() | st.just(240),
        policy=POLICIES,
    )
    schedule = Schedule(tuple(Assignment((each,)) for each in draw(st.lists(shifts, max_size=2))))
    try:
        check_schedule(schedule, around=first)
    except OverlappingShifts:
        schedule = Schedule(schedule.assignments[:1])
    begins = datetime(first.year, first.month, first.day, tzinfo=UTC)
    # Quarters of hours, some with seconds, so that neighbours meet and debounce has work to do.
    instants = st.builds(
        lambda quarter, seconds: begins + timedelta(minutes=15 * quarter, seconds=seconds),
        st.integers(-96, 96 * (SPAN + 1)),
        st.sampled_from([0, 0, 1, 59, 600]),
    )
    sightings = st.builds(
        lambda at, lasted, **more: Sighting(
            at, until=at + timedelta(minutes=lasted) if lasted else None, **more
        ),
        at=instants,
        lasted=st.sampled_from([0, 0, 0, 5, 40]),
        direction=st.sampled_from(Direction),
        camera=st.sampled_from(["door", "gate"]),
        source=st.sampled_from([Source.CAMERA] * 3 + [Source.MANUAL]),
    )
    dates = st.integers(0, SPAN - 1).map(lambda n: first + timedelta(days=n))
    now = draw(instants)
    inputs = PersonInputs(
        zone=zone,
        now=now,
        watermark=draw(st.none() | st.just(now) | st.just(now - timedelta(hours=9))),
        schedule=schedule,
        sightings=tuple(draw(st.lists(sightings, max_size=14))),
        leaves=tuple(
            draw(st.lists(st.builds(Leave, dates, st.sampled_from(LeavePart)), max_size=2))
        ),
        holidays=draw(st.frozensets(dates, max_size=1)),
    )
    return inputs, first


def days_of(inputs: PersonInputs, first: date, count: int = SPAN) -> tuple[Day, ...]:
    return attendance_days(inputs, first=first, last=first + timedelta(days=count - 1))


def all_days_of(inputs: PersonInputs, first: date) -> tuple[Day, ...]:
    """So many that no punch lies outside them."""
    return days_of(inputs, first - timedelta(days=3), SPAN + 6)


many = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)


@many
@given(people(), st.data())
def test_any_order_and_any_replay_give_the_same_days(
    person: tuple[PersonInputs, date], data: st.DataObject
) -> None:
    inputs, first = person
    again = data.draw(st.lists(st.sampled_from(inputs.sightings))) if inputs.sightings else []
    shuffled = data.draw(st.permutations([*inputs.sightings, *again]))
    expected = days_of(inputs, first)
    assert days_of(replace(inputs, sightings=tuple(shuffled)), first) == expected
    assert days_of(inputs, first) == expected


@many
@given(people(), st.randoms(use_true_random=False))
def test_event_by_event_ends_as_all_at_once_and_equal_hashes_are_equal_days(
    person: tuple[PersonInputs, date], dice: object
) -> None:
    """A late log changes the days it belongs to, and where the hash stays, so does the day."""
    inputs, first = person
    stored: dict[tuple[date, int], Day] = {}
    for known in range(len(inputs.sightings) + 1):
        found = days_of(replace(inputs, sightings=inputs.sightings[:known]), first)
        fresh = {(day.work_date, day.occurrence_no): day for day in found}
        stored = {
            key: stored[key]
            if key in stored and stored[key].inputs_hash == day.inputs_hash
            else day
            for key, day in fresh.items()
        }
    assert tuple(stored.values()) == days_of(inputs, first)


@st.composite
def handovers(draw: st.DrawFn) -> tuple[PersonInputs, date]:
    """Somebody whose shifts follow each other and are closed by the policy, seldom seen leaving:
    what one day comes to hangs on when the next one began."""
    first, zone = date(2026, 5, 4), ZoneInfo("Europe/Berlin")
    policy = Policy(debounce_s=0, auto_close=True, pairing=draw(st.sampled_from(Pairing)))
    ends = draw(st.sampled_from([(6, 14, 22), (6, 14, 22, 6), (0, 8, 16), (9, 13, 18)]))
    shifts = [
        Shift(f"from {start}", time(start), time(end), zone, policy=policy)
        for start, end in pairwise(ends)
    ]
    begins = datetime(first.year, first.month, first.day, tzinfo=zone)
    sightings = st.builds(
        Sighting,
        st.integers(0, 48 * 2).map(lambda n: begins + timedelta(minutes=30 * n)),
        st.sampled_from([Direction.IN] * 3 + [Direction.OUT, Direction.UNKNOWN]),
    )
    later = begins + timedelta(days=SPAN + 3)
    inputs = PersonInputs(
        zone=zone,
        now=later,
        watermark=later,
        schedule=Schedule(tuple(Assignment((each,)) for each in shifts)),
        sightings=tuple(draw(st.lists(sightings, min_size=1, max_size=5))),
    )
    return inputs, first


@many
@given(handovers() | people(), st.data())
def test_equal_hashes_are_equal_days_whatever_else_changed(
    person: tuple[PersonInputs, date], data: st.DataObject
) -> None:
    """A stored day whose hash is found again is kept, so the hash says all there is to know: of
    punches and plans of the days around it as well."""
    inputs, first = person
    others = []
    if inputs.sightings:
        gone = data.draw(st.sampled_from(inputs.sightings))
        rest = tuple(each for each in inputs.sightings if each is not gone)
        others.append(replace(inputs, sightings=rest))
    schedule = inputs.schedule
    planned = [shift for each in schedule.assignments for shift in each.shifts]
    day = first + timedelta(days=data.draw(st.integers(-1, SPAN)))
    override = Override(day, data.draw(st.sampled_from([None, *planned])))
    others.append(replace(inputs, schedule=replace(schedule, overrides=(override,))))
    stored = {(day.work_date, day.occurrence_no): day for day in days_of(inputs, first)}
    for other in others:
        for fresh in days_of(other, first):
            known = stored.get((fresh.work_date, fresh.occurrence_no))
            if known is not None and known.inputs_hash == fresh.inputs_hash:
                assert known == fresh


@many
@given(people())
def test_each_punch_is_of_exactly_one_day_and_hours_never_overlap(
    person: tuple[PersonInputs, date],
) -> None:
    inputs, first = person
    found = all_days_of(inputs, first)
    keys = [key for day in found for punch in day.punches for key in punch.keys]
    assert sorted(keys) == sorted({each.key for each in inputs.sightings})
    sessions = sorted(
        ((each.start, each.end) for day in found for each in day.sessions),
    )
    for (_, end), (start, _) in pairwise(sessions):
        assert end <= start


@many
@given(people())
def test_minutes_are_those_of_the_union_of_the_sessions(
    person: tuple[PersonInputs, date],
) -> None:
    inputs, first = person
    for day in all_days_of(inputs, first):
        covered = set()
        for session in day.sessions:
            assert session.start <= session.end
            covered |= {session.start + timedelta(minutes=n) for n in range(session.minutes)}
        present = len(covered)
        assert 0 <= day.worked_min <= present
        policy = _policy(inputs, day)
        if policy is not None and policy.break_window is None and not policy.break_min:
            assert day.worked_min == present
        assert 0 <= day.payable_min <= day.worked_min
        assert 0 <= day.overtime_min <= day.worked_min
        assert min(day.late_min, day.early_min) >= 0


@many
@given(people())
def test_no_minutes_cross_a_gap_that_is_longer_than_a_session_may_be(
    person: tuple[PersonInputs, date],
) -> None:
    inputs, first = person
    for day in all_days_of(inputs, first):
        policy = _policy(inputs, day)
        for session in day.sessions:
            if policy is None:
                continue
            allowed = timedelta(minutes=policy.max_session_min)
            if day.shift is not None and day.window_start and day.window_end:
                allowed = max(allowed, day.window_end - day.window_start)
            assert session.end - session.start <= allowed


@many
@given(people())
def test_statuses_say_no_more_than_is_known(person: tuple[PersonInputs, date]) -> None:
    inputs, first = person
    for day in all_days_of(inputs, first):
        is_missing = {Flag.MISSING_IN, Flag.MISSING_OUT} & set(day.flags)
        assert (day.status is Status.INCOMPLETE) == bool(is_missing)
        if day.status is Status.ABSENT:
            assert inputs.watermark is not None
            assert day.window_end is not None
            assert inputs.watermark >= day.window_end
            seen = set(day.punches) - set(day.strays)
            assert not seen or Flag.BELOW_MINIMUM in day.flags
        if day.late_min:
            assert day.first_in is not None
            assert day.start is not None
            assert day.first_in > day.start
        assert list(day.flags) == sorted(set(day.flags))


@many
@given(people(), st.data())
def test_voiding_and_adding_again_restores_the_days(
    person: tuple[PersonInputs, date], data: st.DataObject
) -> None:
    inputs, first = person
    if not inputs.sightings:
        return
    one = data.draw(st.sampled_from(inputs.sightings))
    without = tuple(each for each in inputs.sightings if each.key != one.key)
    void = replace(inputs, sightings=(*without, replace(one, voided=True)))
    assert days_of(void, first) == days_of(replace(inputs, sightings=without), first)
    back = replace(void, sightings=(*void.sightings, one))
    assert days_of(back, first) == days_of(inputs, first)


@settings(many, max_examples=150)
@given(people())
def test_a_date_alone_is_as_in_the_whole_span(person: tuple[PersonInputs, date]) -> None:
    """A job recomputes one date from the sightings within its margin."""
    inputs, first = person
    inputs = replace(inputs, sightings=_one_visit_a_day(inputs.sightings))
    whole = days_of(inputs, first)
    for ahead in range(SPAN):
        day = first + timedelta(days=ahead)
        low = datetime.combine(day - MARGIN, time(), inputs.zone)
        high = datetime.combine(day + MARGIN + timedelta(days=1), time(), inputs.zone)
        near = tuple(each for each in inputs.sightings if low <= each.at < high)
        alone = days_of(replace(inputs, sightings=near), day, 1)
        assert alone == tuple(each for each in whole if each.work_date == day)


@pytest.mark.parametrize(("name", "first"), PLACES)
@pytest.mark.parametrize("hours", [("09:00", "17:00"), ("22:00", "06:00"), ("00:00", "00:00")])
def test_a_shift_worked_to_the_minute_is_paid_to_the_minute(
    name: str, first: date, hours: tuple[str, str]
) -> None:
    """Whatever the clocks do in between, what counts is how long it lasted."""
    zone = ZoneInfo(name)
    start, end = (time.fromisoformat(each) for each in hours)
    schedule = Schedule((Assignment((Shift("shift", start, end, zone),)),))
    for ahead in range(SPAN):
        day = first + timedelta(days=ahead)
        later = datetime(2030, 1, 1, tzinfo=UTC)
        inputs = PersonInputs(zone=zone, now=later, watermark=later, schedule=schedule)
        rows = days_of(inputs, day, 1)
        if not rows:
            assert (name, day) == ("Pacific/Apia", date(2011, 12, 30))
            continue
        begins, ends = rows[0].start, rows[0].end
        assert begins is not None
        assert ends is not None
        seen = (Sighting(begins, Direction.IN), Sighting(ends, Direction.OUT))
        (row,) = (each for each in days_of(replace(inputs, sightings=seen), day, 1) if each.shift)
        lasted = (ends - begins) // timedelta(minutes=1)
        assert (row.worked_min, row.payable_min, row.late_min, row.early_min) == (
            lasted, lasted, 0, 0,
        )  # fmt: skip
        assert row.status is Status.PRESENT


def test_another_persons_events_are_another_call() -> None:
    """Nothing is kept between two calls but the shifts' instants."""
    zone = ZoneInfo("Europe/Berlin")
    later = datetime(2026, 6, 1, tzinfo=UTC)
    schedule = Schedule((Assignment((Shift("day", time(9), time(17), zone),)),))
    idle = PersonInputs(zone=zone, now=later, watermark=later, schedule=schedule)
    before = days_of(idle, date(2026, 5, 4))
    at = datetime(2026, 5, 4, 9, tzinfo=zone)
    days_of(replace(idle, sightings=(Sighting(at, Direction.IN),)), date(2026, 5, 4))
    assert days_of(idle, date(2026, 5, 4)) == before


def _one_visit_a_day(sightings: tuple[Sighting, ...]) -> tuple[Sighting, ...]:
    """At most two events a date: a chain of undirected ones without end has no margin."""
    kept: dict[tuple[date, bool], Sighting] = {}
    for each in sorted(sightings, key=lambda one: (one.at, one.key)):
        if each.direction is not Direction.UNKNOWN:
            kept.setdefault((each.at.date(), each.direction is Direction.IN), each)
    return tuple(kept.values())


def _policy(inputs: PersonInputs, day: Day) -> Policy | None:
    """The policy that made a day; None where two shifts of one name leave it open."""
    if day.shift is None:
        return inputs.schedule.policy_near(day.work_date)
    policies = [
        shift.policy
        for each in inputs.schedule.assignments
        for shift in each.shifts
        if shift is not None and shift.name == day.shift
    ]
    return policies[0] if len(policies) == 1 else None
