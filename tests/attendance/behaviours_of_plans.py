"""Policies, shifts, assignments and their conflicts, as a rule file cannot say them."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

from tests.attendance.behaving import (
    BERLIN,
    MONDAY,
    SUNDAY,
    TUESDAY,
    WEDNESDAY,
    always,
    behaviour,
    berlin,
    days,
    refused,
    seen,
    shift,
)


@behaviour
def the_defaults_are_those_of_the_specification(engine: Any) -> None:
    policy = engine.Policy()
    assert {
        "debounce_s": 60, "early_in_min": 60, "late_out_min": 240, "max_session_min": 960,
        "grace_late_min": 5, "grace_early_min": 5, "pairing": "first_last", "break_window": None,
        "break_min": 0, "break_after_min": 360, "count_early": False, "overtime_after_min": 30,
        "overtime_unit_min": 15, "absent_below_min": 0, "half_day_below_min": 0,
        "round_unit_min": 0, "round_mode": "nearest", "auto_close": False,
    }.items() <= {name: getattr(policy, name) for name in policy.__slots__}.items()  # fmt: skip


@behaviour
def a_policy_refuses_numbers_that_cannot_be(engine: Any) -> None:
    engine.Policy(debounce_s=0, break_min=10080, overtime_unit_min=1, max_session_min=1)
    engine.Policy(debounce_s=86400, early_in_min=0)
    for field, value in (
        ("debounce_s", -1), ("debounce_s", 86401), ("break_min", 10081), ("late_out_min", -1),
        ("grace_late_min", True), ("grace_late_min", 1.0), ("overtime_unit_min", 0),
        ("max_session_min", 0),
    ):  # fmt: skip
        with refused(engine.InvalidRule, field=field, value=value):
            engine.Policy(**{field: value})
    with refused(engine.InvalidRule, expected="a whole number of seconds from 0 to 86400"):
        engine.Policy(debounce_s=-1)
    with refused(engine.InvalidRule, expected="a whole number of minutes from 0 to 10080"):
        engine.Policy(break_min=-1)


@behaviour
def a_shift_refuses_what_cannot_be(engine: Any) -> None:
    shift(engine, flexible_minutes=1440)
    shift(engine, flexible_minutes=1)
    for flexible in (0, 1441):
        with refused(engine.InvalidRule, field="flexible_minutes"):
            shift(engine, flexible_minutes=flexible)
    shift(engine, days=frozenset({0, 6}))
    with refused(engine.InvalidRule, field="days"):
        shift(engine, days=frozenset({7}))


@behaviour
def equal_shifts_are_equal(engine: Any) -> None:
    assert shift(engine) == shift(engine)
    assert shift(engine) != shift(engine, end=18)
    assert shift(engine) != shift(engine).identity
    assert len({shift(engine), shift(engine)}) == 1


@behaviour
def an_assignment_refuses_what_cannot_be(engine: Any) -> None:
    early, late = shift(engine, 6, 14), shift(engine, 14, 22)
    for field, given in (
        ("shifts", ((),)),
        ("first", ((early, late),)),
        ("last", ((early,), TUESDAY, MONDAY)),
    ):
        with refused(engine.InvalidRule, field=field):
            engine.Assignment(*given)
    assert engine.Assignment((early,), MONDAY, MONDAY).covers(MONDAY)


@behaviour
def a_rotation_takes_turns_from_its_first_date_on(engine: Any) -> None:
    early, late = shift(engine, 6, 14), shift(engine, 14, 22)
    schedule = always(engine, early, late, None, first=MONDAY)
    names = [day.shift for day in days(engine, schedule, date(2026, 5, 3), date(2026, 5, 8))]
    assert names == ["6-14", "14-22", None, "6-14", "14-22"]
    two = always(engine, early, late, first=MONDAY)
    assert [day.shift for day in days(engine, two, MONDAY, WEDNESDAY)] == ["6-14", "14-22", "6-14"]


@behaviour
def an_override_goes_before_everything(engine: Any) -> None:
    schedule = engine.Schedule(
        (engine.Assignment((shift(engine),)),),
        (engine.Override(TUESDAY, shift(engine, 6, 14)), engine.Override(WEDNESDAY, None)),
    )
    found = days(engine, schedule, MONDAY, WEDNESDAY)
    assert [day.shift for day in found] == ["9-17", "6-14", None]
    assert found[2].status == "day_off"


@behaviour
def the_person_goes_before_the_department_and_that_before_the_default(engine: Any) -> None:
    levels = engine.Level
    own = engine.Assignment((shift(engine, name="own"),), MONDAY, MONDAY)
    team = engine.Assignment(
        (shift(engine, name="team", days=frozenset({1})),), MONDAY, TUESDAY, levels.DEPARTMENT
    )
    house = engine.Assignment((shift(engine, name="house"),), level=levels.DEFAULT)
    found = days(engine, engine.Schedule((house, team, own)), MONDAY, WEDNESDAY)
    assert [day.shift for day in found] == ["own", "team", "house"]


@behaviour
def work_without_a_shift_follows_the_policy_of_the_nearest_assignment(engine: Any) -> None:
    def with_break(minutes: int, **more: Any) -> Any:
        return shift(engine, policy=engine.Policy(break_min=minutes, break_after_min=1), **more)

    april = engine.Assignment((with_break(10),), date(2026, 4, 1), date(2026, 4, 30))
    house = engine.Assignment(
        (with_break(40),), date(2026, 4, 1), date(2026, 4, 30), engine.Level.DEFAULT
    )
    june = engine.Assignment((None, with_break(20)), date(2026, 5, 12), date(2026, 6, 1))
    for on, expected in ((MONDAY, 50), (TUESDAY, 50), (WEDNESDAY, 40), (date(2026, 5, 7), 40)):
        schedule = engine.Schedule((house, june, april))
        punches = seen(engine, ("in", berlin(on, 9)), ("out", berlin(on, 10)))
        (day,) = days(engine, schedule, on, on, sightings=punches)
        assert day.worked_min == expected, on
    weekdays = with_break(30, days=frozenset({0}))
    punches = seen(engine, ("in", berlin(TUESDAY, 9)), ("out", berlin(TUESDAY, 10)))
    for other in (MONDAY, WEDNESDAY):
        beside = engine.Assignment((with_break(5),), other, other)
        schedule = engine.Schedule((beside, engine.Assignment((weekdays,), MONDAY, WEDNESDAY)))
        (day,) = days(engine, schedule, TUESDAY, TUESDAY, sightings=punches)
        assert day.worked_min == 30, other
    ends = engine.Schedule(
        (beside, engine.Assignment((weekdays,), date(2026, 5, 1), TUESDAY)),
    )
    (day,) = days(engine, ends, TUESDAY, TUESDAY, sightings=punches)
    assert day.worked_min == 30
    begins = engine.Schedule((engine.Assignment((weekdays,), TUESDAY), april))
    (day,) = days(engine, begins, TUESDAY, TUESDAY, sightings=punches)
    assert day.worked_min == 30
    (day,) = days(engine, engine.Schedule(), TUESDAY, TUESDAY, sightings=punches)
    assert day.worked_min == 60


@behaviour
def overlapping_shifts_are_refused_when_they_are_saved(engine: Any) -> None:
    night, early = shift(engine, 22, 6), shift(engine, 5, 13)
    with refused(engine.OverlappingShifts, first="22-6", second="5-13", on=MONDAY):
        schedule = engine.Schedule(
            (engine.Assignment((night,), date(2026, 5, 3), date(2026, 5, 3)),
             engine.Assignment((early,), MONDAY, MONDAY)),
        )  # fmt: skip
        engine.check_schedule(schedule, around=date(2020, 1, 1))
    sundays, mondays = frozenset({6}), frozenset({0})
    for first, last in ((None, None), (None, SUNDAY), (date(2026, 5, 6), None)):
        schedule = engine.Schedule(
            (
                engine.Assignment((shift(engine, 22, 6, days=sundays),), first, last),
                engine.Assignment((shift(engine, 5, 13, days=mondays),)),
            )
        )
        with refused(engine.OverlappingShifts):
            engine.check_schedule(schedule, around=date(2026, 5, 8))
    back_to_back = engine.Schedule(
        (engine.Assignment((shift(engine, 22, 6),)), engine.Assignment((shift(engine, 6, 14),)))
    )
    engine.check_schedule(back_to_back, around=MONDAY)


@behaviour
def an_override_is_checked_against_both_its_neighbours(engine: Any) -> None:
    far = date(2035, 5, 9)
    for own, other, on in ((5, 22, far - timedelta(days=1)), (22, 5, far + timedelta(days=1))):
        schedule = engine.Schedule(
            (), (engine.Override(far, shift(engine, own, (own + 8) % 24)),
                 engine.Override(on, shift(engine, other, (other + 8) % 24))),
        )  # fmt: skip
        with refused(engine.OverlappingShifts):
            engine.check_schedule(schedule, around=MONDAY)
    usual = engine.Assignment((shift(engine, 22, 6),))
    for hour in (5, 21):
        override = engine.Override(far, shift(engine, hour, hour + 2))
        schedule = engine.Schedule((usual,), (override,))
        if hour == 5:
            with refused(engine.OverlappingShifts):
                engine.check_schedule(schedule, around=MONDAY)
        else:
            engine.check_schedule(schedule, around=MONDAY)


@behaviour
def an_overlap_that_only_the_change_of_the_clocks_makes_is_found(engine: Any) -> None:
    # 02:30 is skipped on 28 March 2027 and becomes 03:30, when the next shift has begun.
    first = engine.Shift("first", time(22), time(2, 30), BERLIN)
    second = engine.Shift("second", time(3), time(10), BERLIN)
    schedule = engine.Schedule((engine.Assignment((first,)), engine.Assignment((second,))))
    with refused(engine.OverlappingShifts, on=date(2027, 3, 28)):
        engine.check_schedule(schedule, around=MONDAY)
