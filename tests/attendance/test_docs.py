"""The page for administrators explains everything that a day can say, and its example is true."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from portal.attendance.engine import Flag, Policy, Status, attendance_days
from portal.attendance.rulefile import read_rule_file
from tests.attendance.cases import OURS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "attendance.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", [*Status, *Flag])
def test_each_status_and_flag_has_a_row_with_its_case(word: Status | Flag) -> None:
    rows = re.findall(rf"^\| `{word}` \|.*\| ([\d, –]+) \|$", PAGE, re.MULTILINE)
    assert rows, word


@pytest.mark.parametrize("rule", [each.name for each in fields(Policy) if each.init])
def test_each_rule_of_a_policy_is_named(rule: str) -> None:
    assert f"`{rule}`" in PAGE


def test_cases_that_are_named_exist() -> None:
    named = {
        "cameras at the window's end", "manual twice", "a passage that lasts", "passages cross",
    }  # fmt: skip
    assert named <= {case.number for case in OURS}
    assert all(name in PAGE.replace("\n", " ") for name in named)


def test_the_example_answers_what_the_page_says() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    file = read_rule_file(json.dumps(json.loads(example)))
    (day,) = attendance_days(file.inputs, first=file.first, last=file.last)
    assert (day.work_date.day, day.worked_min) == (24, 550)
