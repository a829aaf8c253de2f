"""Every rate on the Calibration pages is said by ``portal.calibration.words``.

Two ways of rounding on two pages would be two answers to one question, and the better sounding of
them would promise more than was measured.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORDS = ROOT / "portal" / "calibration" / "words.py"

CODE = {
    "a share formatted on the spot: use percent": re.compile(r":[\d.,]*%\}"),
    "a share multiplied out: use percent": re.compile(r"\* ?100(\.0)?\b[^\n]*%[^sdr]"),
    "the reciprocal of a rate: use one_in or asked_one_in": re.compile(
        r"\b1(\.0)? ?/ ?[\w.]+\s*:[\d.,]*[fdg]\}"
    ),
}
PAGES = {
    "a share rounded in the template: use |percent": re.compile(r"floatformat[^}]*\}\} ?%"),
    "a bare number as a share: use |percent": re.compile(r"\{\{ ?[\w.]+ ?\}\} ?%"),
    "a bare number as a rate: use |one_in": re.compile(
        r"1 in \{\{ ?[\w.]+(\|floatformat[^}]*)? ?\}\}"
    ),
}


def found(patterns: dict[str, re.Pattern[str]], text: str) -> list[tuple[int, str]]:
    lines = enumerate(text.splitlines(), start=1)
    return [
        (number, why) for number, line in lines for why, it in patterns.items() if it.search(line)
    ]


def test_rates_are_said_in_one_place():
    code = [path for path in (ROOT / "portal" / "calibration").rglob("*.py") if path != WORDS]
    pages = list((ROOT / "templates" / "calibration").rglob("*.html"))
    assert len(code) > 10
    assert len(pages) > 10
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {why}"
        for paths, patterns in ((code, CODE), (pages, PAGES))
        for path in paths
        for number, why in found(patterns, path.read_text(encoding="utf-8"))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("patterns", "line"),
    [
        (CODE, 'f"{share:.1%}"'),
        (CODE, 'f"1 in {1.0 / wish.fpir:,.0f}"'),
        (CODE, 'f"{share * 100:.1f} %"'),
        (PAGES, "{{ rate|floatformat:2 }} %"),
        (PAGES, "{{ rate }} %"),
        (PAGES, "1 in {{ strangers }}"),
    ],
)
def test_each_way_around_it_is_noticed(patterns, line):
    assert found(patterns, line)


@pytest.mark.parametrize(
    ("patterns", "line"),
    [
        (CODE, 'f"{threshold:.3f}"'),
        (CODE, 'words.percent(share, worse="lower")'),
        (PAGES, "{{ rate|percent }}"),
        (PAGES, "{{ rate|one_in }} (95 % sure)"),
        (PAGES, "{{ lead.mean|score }}"),
    ],
)
def test_what_is_said_in_the_one_place_is_left_alone(patterns, line):
    assert not found(patterns, line)
