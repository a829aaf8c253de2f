"""A database of an earlier version comes through the migrations with everything in its place."""

from __future__ import annotations

import json

from tests.integration.gatehouse import Gatehouse


def test_departments_that_were_words_become_rows_and_everybody_has_a_site():
    system = Gatehouse.create(from_nothing=True)
    try:
        found = json.loads(system.run_module("tests.portal.old_database"))
    finally:
        system.discard()
    assert found == {
        "people": [["Engines", "Main site"], ["Engines", "Main site"], [None, "Main site"]],
        "departments": 1,
        "site": "Main site",
    }
