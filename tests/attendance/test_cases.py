"""Every case of the specification, and ours: what the punches of a day make of it."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from portal.attendance.engine import attendance_days
from portal.attendance.rulefile import RuleFileError, days_as_json, read_rule_file
from tests.attendance.cases import CASES, SPECIFIED
from tests.attendance.notation import Case, assigned, case, differences, punches


def days_of(document: Any) -> list[dict[str, Any]]:
    file = read_rule_file(json.dumps(document))
    days: list[dict[str, Any]] = days_as_json(
        attendance_days(file.inputs, first=file.first, last=file.last)
    )["days"]
    return days


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.number)
def test_case(case: Case) -> None:
    assert not differences(case, days_of(case.document)), case.says


def test_the_table_is_complete() -> None:
    assert [case.number for case in SPECIFIED] == [str(n) for n in range(1, 86)]


def test_case_86_assigning_22_to_06_and_05_to_13_to_one_person_is_refused() -> None:
    """Frappe compares only one anchor day."""
    document = case(
        86,
        "refused",
        expects={},
        assignments=[
            assigned(None, None, name="night", start="22:00", end="06:00"),
            assigned(None, None, name="early", start="05:00", end="13:00"),
        ],
    ).document
    with pytest.raises(RuleFileError, match="“night” and “early” overlap"):
        days_of(document)


BUSY = case(
    87,
    "a night, a double recognition, a forgotten leaving, a manual end and a stray",
    "in 08:58, in 08:58:40, ? 12:00, ? 12:30, out 17:02, in +1 07:30, in +1 09:00, "
    "in +2 09:10, out +2 17:00 manual, in +2 21:30, out +3 01:00, out +2 12:00 void",
    expects={},
    to="2026-05-08",
    now="+5 12:00",
    assignments=[assigned("2026-05-04", None, pairing="pairs")],
).document


def test_case_87_two_hundred_random_orders_with_replays_give_one_and_the_same_day() -> None:
    dice = random.Random(87)
    expected = days_of(BUSY)
    assert [day["status"] for day in expected] == [
        "present", "incomplete", "present", "present", "absent", "absent",
    ]  # fmt: skip
    for _ in range(200):
        events = BUSY["sightings"] + dice.choices(BUSY["sightings"], k=6)
        dice.shuffle(events)
        assert days_of({**BUSY, "sightings": events}) == expected


def test_case_88_incremental_arrival_equals_batch() -> None:
    """A late log is never dropped: after each event the days are those of the events so far."""
    events = punches("out 17:00, in 09:00, in +1 09:00")
    statuses = []
    for known in range(4):
        days = days_of({**BUSY, "sightings": events[:known], "to": "2026-05-05"})
        statuses.append([day["status"] for day in days])
    assert statuses == [
        ["absent", "absent"],
        ["incomplete", "absent"],
        ["present", "absent"],
        ["present", "incomplete"],
    ]
