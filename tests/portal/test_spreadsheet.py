"""Cells that no spreadsheet program runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.spreadsheet import safe_cell


@pytest.mark.parametrize(
    ("value", "cell", "why"),
    [
        ("=1+1", "'=1+1", "a formula"),
        ("+49 30 1234", "'+49 30 1234", "a formula, as far as a program can tell"),
        ("-1+1|cmd", "'-1+1|cmd", "dynamic data exchange"),
        ("@SUM(A1)", "'@SUM(A1)", "a formula of old Lotus sheets"),
        ("\t=1", "' =1", "white space is skipped"),
        ("\r=1", "' =1", "so is a line's end"),
        ("  =1", "'  =1", "and blanks"),
        ("\u00a0=1", "'\u00a0=1", "and blanks that are not ASCII"),
        ("＝1", "'＝1", "the full-width sign is folded"),
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")', "sends data away"),
        ("Ada = Lovelace", "Ada = Lovelace", "a sign inside is no formula"),
        ("a\nb\x00c", "a b c", "control characters end cells"),
        ("", "", "nothing"),
        (None, "", "nothing"),
        (-3, "-3", "a number keeps its sign"),
        (0.5, "0.5", "a number"),
        (True, "True", "a word"),
        ("O'Brien", "O'Brien", "an apostrophe inside stays"),
    ],
)
def test_a_cell(value, cell, why):
    assert safe_cell(value) == cell, why


@given(st.text())
def test_no_text_begins_a_formula_or_a_line(text):
    cell = safe_cell(text)
    assert not cell.lstrip()[:1] or cell.lstrip()[0] not in "=+-@＝＋－＠"
    assert not set(cell) & set("\t\r\n\0")
