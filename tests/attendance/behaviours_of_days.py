"""Instants, corrections, rows and their hashes, as a rule file cannot say them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.attendance.behaving import (
    BERLIN,
    LATER,
    MONDAY,
    SUNDAY,
    TUESDAY,
    always,
    behaviour,
    berlin,
    days,
    refused,
    seen,
    shift,
)


@behaviour
def a_date_that_a_zone_leapt_over_has_no_row(engine: Any) -> None:
    apia = ZoneInfo("Pacific/Apia")
    work = engine.Shift("day", time(0), time(12), apia)
    schedule = always(engine, work)
    found = days(engine, schedule, date(2011, 12, 29), date(2011, 12, 31))
    assert [day.work_date.day for day in found] == [29, 31]


@behaviour
def the_earliest_camera_says_what_is_known(engine: Any) -> None:
    early, late = LATER - timedelta(hours=2), LATER - timedelta(hours=1)
    assert engine.earliest_mark([late, early], now=LATER) == early
    assert engine.earliest_mark([late, None], now=LATER) is None
    assert engine.earliest_mark([], now=LATER) == LATER
    assert engine.earliest_mark([LATER + timedelta(hours=1)], now=LATER) == LATER


@behaviour
def instants_are_utc_and_need_an_offset(engine: Any) -> None:
    at = berlin(MONDAY, 9)
    sighting = engine.Sighting(at)
    assert sighting.at.tzinfo is UTC
    assert sighting.at == at
    with refused(engine.InvalidRule, field="at"):
        engine.Sighting(datetime(2026, 5, 4, 9))  # noqa: DTZ001
    for field in ("now", "watermark"):
        given = {"now": at, "watermark": at}
        inputs = engine.PersonInputs(zone=BERLIN, **given)
        assert getattr(inputs, field).tzinfo is UTC
        given[field] = datetime(2026, 5, 4, 9)  # noqa: DTZ001
        with refused(engine.InvalidRule, field=field):
            engine.PersonInputs(zone=BERLIN, **given)
    assert engine.PersonInputs(zone=BERLIN, now=at, watermark=None).watermark is None


@behaviour
def a_passage_ends_not_before_it_begins_and_its_end_is_utc_too(engine: Any) -> None:
    at = berlin(MONDAY, 9)
    assert engine.Sighting(at, until=at).until.tzinfo is UTC
    with refused(engine.InvalidRule, field="until"):
        engine.Sighting(at, until=berlin(MONDAY, 8, 59))


@behaviour
def whoever_may_have_been_seen_is_not_called_absent_on_that_day_and_on_no_other(
    engine: Any,
) -> None:
    schedule = always(engine, shift(engine))
    opens, ends = berlin(MONDAY, 8), berlin(MONDAY, 21)
    little = timedelta(seconds=1)
    for at, expected in (
        (opens - little, "absent"), (opens, "pending"), (ends, "pending"), (ends + little, "absent"),
    ):  # fmt: skip
        found = days(engine, schedule, MONDAY, TUESDAY, unsure=(at,))
        assert [day.status for day in found] == [expected, "absent"], at


@behaviour
def a_sighting_is_not_voided_unless_it_says_so(engine: Any) -> None:
    assert engine.Sighting(LATER).voided is False
    assert engine.Sighting(LATER).key
    assert engine.Sighting(LATER, key="k").key == "k"


@behaviour
def corrections_add_void_and_move(engine: Any) -> None:
    kinds = engine.CorrectionKind
    schedule = always(engine, shift(engine))
    punches = (
        *seen(engine, ("in", berlin(MONDAY, 9, 30)), key="a"),
        *seen(engine, ("out", berlin(MONDAY, 16)), key="b"),
    )

    def worked(*corrections: Any) -> Any:
        return days(engine, schedule, MONDAY, MONDAY, sightings=punches, corrections=corrections)[0]

    move = engine.Correction(kinds.MOVE, key="m", target="a", at=berlin(MONDAY, 9))
    moved = worked(move)
    assert (moved.worked_min, moved.flags) == (420, (engine.Flag.CORRECTED,))
    assert moved.late_min == 0
    assert moved.punches[0].keys == ("m",)
    turned = engine.Correction(
        kinds.MOVE, key="m", target="a", at=berlin(MONDAY, 15), direction=engine.Direction.OUT
    )
    assert worked(turned).flags == (engine.Flag.CORRECTED, engine.Flag.MISSING_IN)
    void = worked(engine.Correction(kinds.VOID, target="b", at=berlin(MONDAY, 16)))
    assert (void.status, void.flags) == ("incomplete", (engine.Flag.MISSING_OUT,))
    add = engine.Correction(
        kinds.ADD, key="c", at=berlin(MONDAY, 17), direction=engine.Direction.OUT
    )
    assert worked(add).worked_min == 450
    assert worked(add, engine.Correction(kinds.VOID, target="c")).worked_min == 390
    unknown = engine.Correction(kinds.ADD, key="c", at=berlin(MONDAY, 17))
    assert worked(unknown).punches[-1].direction == "unknown"


@behaviour
def an_excuse_forgives_one_date(engine: Any) -> None:
    schedule = always(engine, shift(engine))
    excuse = engine.Correction(engine.CorrectionKind.EXCUSE, date=MONDAY)
    punches = seen(
        engine,
        ("in", berlin(MONDAY, 10)), ("out", berlin(MONDAY, 16)),
        ("in", berlin(TUESDAY, 10)), ("out", berlin(TUESDAY, 16)),
    )  # fmt: skip
    excused, other = days(
        engine, schedule, MONDAY, TUESDAY, sightings=punches, corrections=(excuse,)
    )
    assert (excused.late_min, excused.early_min, excused.flags) == (0, 0, ("corrected",))
    assert (other.late_min, other.early_min, other.flags) == (60, 60, ())


@behaviour
def a_correction_refuses_to_be_incomplete(engine: Any) -> None:
    kinds = engine.CorrectionKind
    at = berlin(MONDAY, 9)
    for field, given in (
        ("at", {"kind": kinds.ADD}),
        ("at", {"kind": kinds.MOVE, "target": "a"}),
        ("target", {"kind": kinds.MOVE, "at": at}),
        ("target", {"kind": kinds.VOID}),
        ("date", {"kind": kinds.EXCUSE}),
    ):
        with refused(engine.InvalidRule, field=field):
            engine.Correction(**given)


@behaviour
def rows_of_a_date_are_numbered_shifts_first(engine: Any) -> None:
    schedule = engine.Schedule(
        (engine.Assignment((shift(engine, 14, 18),)), engine.Assignment((shift(engine, 9, 12),)))
    )
    punches = seen(engine, ("in", berlin(MONDAY, 5)), ("out", berlin(MONDAY, 6)))
    found = days(engine, schedule, MONDAY, MONDAY, sightings=punches)
    assert [(day.occurrence_no, day.shift) for day in found] == [
        (1, "9-12"), (2, "14-18"), (3, None),
    ]  # fmt: skip
    (off,) = days(engine, always(engine, shift(engine, days=frozenset())), MONDAY, MONDAY)
    assert (off.occurrence_no, off.window_start, off.start, off.zone) == (1, None, None, BERLIN)


@behaviour
def a_day_names_its_window_sessions_and_punches(engine: Any) -> None:
    schedule = always(engine, shift(engine))
    punches = seen(
        engine, ("in", berlin(MONDAY, 9)), ("out", berlin(MONDAY, 17)), ("in", berlin(MONDAY, 7))
    )
    (day,) = days(engine, schedule, MONDAY, MONDAY, sightings=punches)
    assert (day.window_start, day.window_end) == (berlin(MONDAY, 8), berlin(MONDAY, 21))
    assert (day.start, day.end) == (berlin(MONDAY, 9), berlin(MONDAY, 17))
    (session,) = day.sessions
    assert session.minutes == 480
    assert (session.opened_by, session.closed_by) == day.punches[1:]
    assert [punch.first for punch in day.strays] == [berlin(MONDAY, 7)]
    assert [punch.first.hour for punch in day.punches] == [5, 7, 15]


@behaviour
def a_shift_of_two_days_before_keeps_its_punch(engine: Any) -> None:
    policy = engine.Policy(late_out_min=720, max_session_min=2400)
    schedule = always(engine, shift(engine, 20, 20, policy=policy), first=SUNDAY, last=SUNDAY)
    tuesday = SUNDAY + timedelta(days=2)
    punches = seen(engine, ("out", berlin(tuesday, 7)))
    assert days(engine, schedule, tuesday, tuesday, sightings=punches) == ()


@behaviour
def the_hash_follows_everything_a_day_depends_on_and_nothing_else(engine: Any) -> None:
    punches = seen(engine, ("in", berlin(MONDAY, 9)), ("out", berlin(MONDAY, 17)))

    def hashed(schedule: Any = None, on: date = MONDAY, **more: Any) -> str:
        known = {"sightings": punches} | more
        found = days(engine, schedule or always(engine, shift(engine)), on, on, **known)
        assert len(found[0].inputs_hash) == 32
        return str(found[0].inputs_hash)

    same = hashed()
    assert hashed(sightings=punches[::-1] + punches) == same
    assert hashed(now=LATER + timedelta(days=3), watermark=LATER + timedelta(days=2)) == same
    assert hashed(holidays=frozenset({TUESDAY})) == same
    at = punches[0].at
    half = engine.Leave(MONDAY, engine.LeavePart.AM)
    changed = [
        hashed(watermark=None),
        hashed(now=berlin(MONDAY, 20), watermark=None),
        hashed(now=berlin(MONDAY, 12), watermark=None),
        hashed(now=berlin(MONDAY, 8), watermark=None),
        hashed(holidays=frozenset({MONDAY})),
        hashed(leaves=(half,)),
        hashed(leaves=(engine.Leave(MONDAY, engine.LeavePart.PM),)),
        hashed(leaves=(engine.Leave(MONDAY),)),
        hashed(corrections=(engine.Correction(engine.CorrectionKind.EXCUSE, date=MONDAY),)),
        hashed(always(engine, shift(engine, end=18))),
        hashed(always(engine, shift(engine, policy=engine.Policy(grace_late_min=6)))),
        hashed(always(engine, shift(engine, flexible_minutes=480))),
        hashed(always(engine, shift(engine, flexible_minutes=480)), leaves=(half,)),
        hashed(engine.Schedule()),
        hashed(sightings=()),
        hashed(sightings=punches[:1]),
        hashed(sightings=(engine.Sighting(at, engine.Direction.IN, key="x"), punches[1])),
        hashed(sightings=(engine.Sighting(at, engine.Direction.IN, camera="c"), punches[1])),
        hashed(sightings=(*punches, *seen(engine, ("in", berlin(MONDAY, 7))))),
        hashed(
            sightings=(
                engine.Sighting(at + timedelta(seconds=1), engine.Direction.IN, key=punches[0].key),
                punches[1],
            )
        ),
        hashed(on=TUESDAY),
    ]
    assert len({same, *changed}) == len(changed) + 1


@behaviour
def the_hash_of_a_day_the_policy_closed_follows_the_punch_of_another_day_that_ended_it(
    engine: Any,
) -> None:
    """Minutes are paid once: a late log of the next shift shortens a day that is stored already."""
    policy = engine.Policy(auto_close=True)
    early, late = (shift(engine, *hours, policy=policy) for hours in ((6, 14), (14, 22)))
    schedule = engine.Schedule((engine.Assignment((early,)), engine.Assignment((late,))))

    def first_of(*punches: tuple[str, Any]) -> Any:
        return days(engine, schedule, MONDAY, MONDAY, sightings=seen(engine, *punches))[0]

    came = ("in", berlin(MONDAY, 6))
    alone = first_of(came)
    cut = first_of(came, ("in", berlin(MONDAY, 13, 30)))
    assert (alone.worked_min, cut.worked_min) == (480, 450)
    assert alone.inputs_hash != cut.inputs_hash
    # After the end of the shift it ends nothing any more, and nothing has to be stored anew.
    assert first_of(came, ("in", berlin(MONDAY, 14, 30))).inputs_hash == alone.inputs_hash


@behaviour
def free_days_hash_what_they_depend_on(engine: Any) -> None:
    off = always(engine, shift(engine, days=frozenset()))
    plain = days(engine, off, MONDAY, TUESDAY)
    on_leave = days(engine, off, MONDAY, MONDAY, leaves=(engine.Leave(MONDAY),))
    assert len({day.inputs_hash for day in (*plain, *on_leave)}) == 3
    assert {day.status for day in plain} == {"day_off"}


@behaviour
def a_punch_names_every_sighting_that_it_is_made_of(engine: Any) -> None:
    at = berlin(MONDAY, 9)
    run = [engine.Sighting(at + timedelta(seconds=20 * n), key=f"k{n}") for n in range(3)]
    (day,) = days(engine, always(engine, shift(engine)), MONDAY, MONDAY, sightings=run)
    assert [punch.keys for punch in day.punches] == [("k0", "k1", "k2")]


@behaviour
def of_one_passage_that_was_told_of_twice_the_longer_telling_counts(engine: Any) -> None:
    """Whichever came first, and though nothing else was seen."""
    at = berlin(MONDAY, 9)
    told = [engine.Sighting(at, key="k", until=at + timedelta(minutes=n)) for n in (1, 10)]
    for some in (told, told[::-1]):
        (day,) = days(engine, always(engine, shift(engine)), MONDAY, MONDAY, sightings=some)
        assert [punch.last for punch in day.punches] == [at + timedelta(minutes=10)]


@behaviour
def past_midnight_sightings_run_together_as_the_new_date_has_it(engine: Any) -> None:
    def until_or_from(length_s: int, **dates: date) -> Any:
        policy = engine.Policy(debounce_s=length_s)
        return engine.Assignment((shift(engine, 21, 5, policy=policy),), **dates)

    schedule = engine.Schedule((until_or_from(60, last=MONDAY), until_or_from(600, first=TUESDAY)))
    at = berlin(TUESDAY, 0)
    moments = [at - timedelta(seconds=20), at + timedelta(seconds=20), at + timedelta(minutes=5)]
    run = seen(engine, *(("in", each) for each in moments))
    found = days(engine, schedule, MONDAY, TUESDAY, sightings=run)
    punches = [(punch.first, punch.last) for day in found for punch in day.punches]
    assert punches == [(moments[0], moments[2])]
