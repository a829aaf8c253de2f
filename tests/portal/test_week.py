"""Hours of the week: when the latest stretch of them began and ended."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from portal.core.week import Stretch, Week, Window

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "UTC")
WORKDAYS = Week((Window(frozenset(range(5)), time(6), time(19)),))
QUARTER = timedelta(minutes=15)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "start", "end"),
    [
        pytest.param("2026-05-04 20:00", "2026-05-04 04:00", "2026-05-04 17:00", id="evening"),
        pytest.param("2026-05-04 17:00", "2026-05-04 04:00", "2026-05-04 17:00", id="the very end"),
        pytest.param("2026-05-04 04:00", "2026-05-04 04:00", "", id="the very beginning"),
        pytest.param("2026-05-04 03:59", "2026-05-01 04:00", "2026-05-01 17:00", id="a week-end"),
        pytest.param("2026-03-29 12:00", "2026-03-27 05:00", "2026-03-27 18:00", id="winter time"),
    ],
)
def test_the_latest_stretch_by_the_clocks_of_the_place(instant: str, start: str, end: str) -> None:
    expected = Stretch(utc(start), utc(end) if end else None)
    assert WORKDAYS.last_stretch(utc(instant), "Europe/Berlin") == expected


def test_windows_that_touch_are_one_stretch() -> None:
    every = frozenset(range(7))
    week = Week((Window(every, time(6), time(12)), Window(every, time(12), time(19))))
    found = week.last_stretch(utc("2026-05-04 20:00"), "UTC")
    assert found == Stretch(utc("2026-05-04 06:00"), utc("2026-05-04 19:00"))


@pytest.mark.parametrize(
    "week",
    [
        pytest.param(Week(), id="no hours at all"),
        pytest.param(Week((Window(frozenset(range(7)), time(6), time(6)),)), id="around the clock"),
    ],
)
def test_hours_that_never_end_have_no_stretch(week: Week) -> None:
    assert week.last_stretch(utc("2026-05-04 20:00"), "Europe/Berlin") is None


def test_an_hour_that_the_clocks_left_out_is_that_of_the_week_before() -> None:
    """At two the clocks were put forward to three on that Sunday."""
    week = Week((Window(frozenset({6}), time(2), time(3)),))
    found = week.last_stretch(utc("2026-03-29 12:00"), "Europe/Berlin")
    assert found == Stretch(utc("2026-03-22 01:00"), utc("2026-03-22 02:00"))


clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
windows = st.builds(Window, st.frozensets(st.integers(0, 6), min_size=1), clocks, clocks)
weeks = st.builds(Week, st.lists(windows, min_size=1, max_size=3).map(tuple))
# Around the nights in which clocks somewhere are put forward or back, and any other.
instants = st.builds(
    lambda day, quarters: utc(day) + quarters * QUARTER,
    st.sampled_from(["2026-03-28", "2026-10-24", "2026-11-01", "2026-04-04", "2026-09-05"]),
    st.integers(0, 4 * 72),
)


@settings(max_examples=200, deadline=None)
@given(weeks, instants, st.sampled_from(ZONES))
def test_the_latest_stretch_is_the_one_that_the_hours_cover(
    week: Week, instant: datetime, zone: str
) -> None:
    """Looked for quarter of an hour by quarter of an hour: all clocks here change on one."""
    at = instant
    while not week.covers(at, zone):
        at -= QUARTER
    end = None if at == instant else at + QUARTER
    earliest = instant - timedelta(days=21)
    while week.covers(at - QUARTER, zone) and at > earliest:
        at -= QUARTER
    assume(at > earliest)
    assert week.last_stretch(instant, zone) == Stretch(at, end)
