"""Scores at a camera, whoever stands before it: what must not make a difference to them."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.calibration.selectors.drift import Genuine, by_camera, days_of, together

CAMERA = UUID(int=99)
SCORES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 20), st.floats(0.2, 0.9)), min_size=1, max_size=40
)


def visits(rows: list[tuple[int, int, float]]) -> list[Genuine]:
    start = date(2026, 9, 1)
    return [
        Genuine(UUID(int=person), CAMERA, start + timedelta(days=day), score)
        for person, day, score in rows
    ]


def steps(found: dict[UUID, dict[UUID, list[tuple[date, float]]]]) -> list[float]:
    """How each day differs from the first."""
    days = days_of(together(found[CAMERA]))
    return [day.score - days[0].score for day in days]


@given(rows=SCORES, person=st.integers(0, 3), more=st.floats(-0.3, 0.3))
def test_somebody_who_always_scores_less_is_no_change_of_the_camera(rows, person, more):
    other = [(one, day, score + more * (one == person)) for one, day, score in rows]
    assert steps(by_camera(visits(other))) == pytest.approx(
        steps(by_camera(visits(rows))), abs=1e-9
    )


@given(rows=SCORES)
def test_nothing_is_lost_but_people_who_came_once(rows):
    found = together(by_camera(visits(rows))[CAMERA])
    often = [p for p, _, _ in rows if sum(q == p for q, _, _ in rows) > 1]
    assert len(found) == len(often)
