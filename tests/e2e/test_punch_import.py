"""Importing a file of punches with bad lines, and the same file again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import axe
from tests.e2e.cast import ADA, upload
from tests.roster_files import csv_file

pytestmark = pytest.mark.usefixtures("known")

# Where to leave pictures of the pages, for whoever wants to look at them.
SHOTS = os.environ.get("GATEHOUSE_SHOTS")


def picture(page: Page, name: str) -> None:
    if not SHOTS:
        return
    for width, height in ((1440, 900), (390, 844)):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})


def stat(page: Page, label: str) -> str:
    card = page.locator(".c-stat", has=page.get_by_text(label, exact=True))
    return card.locator(".c-stat__value").inner_text().strip()


def send(page: Page, name: str, data: bytes) -> None:
    page.goto("/attendance/import/")
    page.locator("#id_file").set_input_files(
        upload(name, data, media_type="text/csv")  # type: ignore[arg-type]
    )
    page.get_by_label("Time zone of the file").select_option("Europe/Berlin")
    page.get_by_role("button", name="Upload and look at it").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def test_a_file_with_bad_lines_is_imported_once(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport={"width": 1440, "height": 900})
    axe.prepare(page.context)
    page = page.context.new_page()
    page.goto("/people/")
    page.get_by_role("link", name=ADA.name).first.click()
    code = page.locator(".u-mono").first.inner_text().strip()
    file = (
        csv_file(
            "Code,Time,Direction,Place",
            f"{code},2026-10-23 08:58,in,Old terminal",
            f"{code},2026-10-23 17:02,out,Old terminal",
            "Z-9999,2026-10-23 08:00,in,Old terminal",
            f"{code},2026-02-30 08:00,in,Old terminal",
            f"{code},2026-10-25 02:30,in,Old terminal",
            f"{code},2026-10-23 08:58,in,Old terminal",
        )
        + b"1001,2026-10-2"
    )
    page.goto("/attendance/import/")
    wrong = {"upload": axe.check(page)}
    send(page, "terminal.csv", file)
    expect(page.get_by_text("Applying enters 2 times")).to_be_visible(timeout=60_000)
    assert [stat(page, label) for label in ("Lines", "New", "Refused")] == ["7", "2", "5"]
    for words in (
        "Nobody has the code “Z-9999”",
        "There is no such day",
        "02:30 was twice on 2026-10-25 in Europe/Berlin",
        "Line 2 has the same person, time and direction",
        "seems to be cut off",
    ):
        expect(page.get_by_text(words)).to_be_visible()
    picture(page, "import-dry-run")
    wrong["dry run"] = axe.check(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Refused lines as CSV").click()
    assert "Z-9999" in download.value.path().read_text(encoding="utf-8-sig")

    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("2 times entered")).to_be_visible(timeout=60_000)
    picture(page, "import-applied")

    send(page, "terminal-again.csv", file)
    expect(page.get_by_text("Nothing is new")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("This very file was imported before")).to_be_visible()
    page.get_by_role("button", name="Close the import").click()
    expect(page.get_by_text("2 times of this file were there already")).to_be_visible()
    assert [stat(page, label) for label in ("New", "There already")] == ["0", "2"]
    picture(page, "import-again")
    wrong["again"] = axe.check(page)
    page.goto("/attendance/import/")
    expect(page.locator("tbody tr")).to_have_count(2)
    picture(page, "import-history")
    assert {name: found for name, found in wrong.items() if found} == {}
