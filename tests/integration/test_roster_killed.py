"""A roster is applied to its end, each person once, though the worker is killed at work."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable

import pytest

from bench.support import Browser, rows_of
from tests.e2e.cast import ADA, BRUNO, CHLOE, DAVID, EDITH, THRESHOLD, photo
from tests.integration.gatehouse import Gatehouse
from tests.roster_files import csv_file, zip_file

pytestmark = pytest.mark.integration

# With so many lines the worker dies with most of them still to do.
PEOPLE = 400
MEMBERS = (ADA, BRUNO, CHLOE, DAVID, EDITH)


def test_an_import_survives_the_death_of_its_worker(
    make_gatehouse: Callable[..., Gatehouse],
) -> None:
    system = make_gatehouse(GATEHOUSE_THRESHOLD=THRESHOLD).start()
    browser = Browser(system)
    lines = [f"{n},Person {n},yes" for n in range(PEOPLE)]
    sheet = csv_file("Code,Name,Consent", *lines)
    # The last of them, so that photos are examined by the worker that comes after.
    photos = zip_file(
        {
            f"{PEOPLE - 1 - number}_{look}.jpg": photo(member, look)
            for number, member in enumerate(MEMBERS)
            for look in range(3)
        }
    )
    address = upload(system, browser, sheet, photos)
    browser.submit(
        f"{address}columns/",
        {"field_code": "0", "field_name": "1", "field_consent": "2", "date_order": "day",
         "basis": "consent"},
    )  # fmt: skip
    system.until(lambda: state_of(system) == "checked", within_s=60, what="the dry run")
    browser.press(f"{address}apply/", on=address)

    system.until(lambda: done_of(system) >= 20, within_s=60, what="the first lines")
    killed = system.pid_of("recognition@")
    os.kill(killed, signal.SIGKILL)
    at_death = done_of(system)
    assert at_death < PEOPLE, "it was killed at work"

    system.until(lambda: state_of(system) == "applied", within_s=180, what="the end")
    assert rows_of(system, "SELECT count(*), count(DISTINCT code) FROM people_person") == [
        (PEOPLE, PEOPLE)
    ]
    assert rows_of(system, "SELECT count(*) FROM people_consent") == [(PEOPLE,)]
    assert rows_of(system, "SELECT count(*) FROM people_faceimage") == [(3 * len(MEMBERS),)]
    assert rows_of(
        system, "SELECT count(*), sum(is_pending) FROM roster_rosterrow WHERE outcome = 'new'"
    ) == [(PEOPLE, 0)]
    assert rows_of(
        system, "SELECT state, done, failed FROM jobs_job WHERE kind = 'roster.apply'"
    ) == [("done", PEOPLE, 0)]
    assert rows_of(system, "SELECT count(*) FROM roster_rosterpart") == [(0,)]
    assert system.pid_of("recognition@") != killed
    assert system.stop() == 0


def upload(system: Gatehouse, browser: Browser, sheet: bytes, photos: bytes) -> str:
    """Send both files as the form does; returns the path of the import."""
    landed, _ = browser.send_files(
        "/people/import/",
        {
            "sheet": ("people.csv", "text/csv", sheet),
            "photos": ("photos.zip", "application/zip", photos),
        },
    )
    found = re.search(r"/people/import/[0-9a-f-]{36}/", landed)
    assert found is not None, landed
    return found.group()


def state_of(system: Gatehouse) -> object:
    return rows_of(system, "SELECT state FROM roster_rosterimport")[0][0]


def done_of(system: Gatehouse) -> int:
    found = rows_of(
        system, "SELECT count(*) FROM roster_rosterrow WHERE is_pending = 0 AND outcome = 'new'"
    )
    return int(str(found[0][0]))
