"""Importing a roster in the browser: upload, columns, dry run, deed, the same again, undo."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import axe
from tests.e2e.cast import ADA, BRUNO, CHLOE, STRANGER, THRESHOLD, photo, upload
from tests.e2e.conftest import listen
from tests.e2e.pages import sign_in
from tests.integration.gatehouse import Gatehouse
from tests.roster_files import csv_file, zip_file

# Where to leave pictures of the pages, for whoever wants to look at them.
SHOTS = os.environ.get("GATEHOUSE_SHOTS")

SHEET = csv_file(
    "Staff no.,Forename,Surname,E-mail,Team,Start date,Consent",
    "1001,Ada,Okafor,ada@example.org,Research,2024-02-01,yes",
    "1002,Bruno,Keller,bruno@example.org,Workshop,01.09.2025,2026-01-15",
    "1003,Chloe,Lambert,chloe@example.org,Office,,no",
    "1004,Dee,Novak,not an address,Office,,yes",
    "1005,=1+1,Ek,,Office,,yes",
)


def photos() -> bytes:
    return zip_file(
        {
            **{f"1001_{look}.jpg": photo(ADA, look) for look in range(3)},
            **{f"Workshop/1002/{look}.jpg": photo(BRUNO, look) for look in range(3)},
            "1003.jpg": photo(CHLOE),
            "visitor.jpg": photo(STRANGER),
        }
    )


@pytest.fixture(scope="module")
def system() -> Iterator[Gatehouse]:
    """A system of its own: what is imported here is nobody else's."""
    own = Gatehouse.create(GATEHOUSE_THRESHOLD=THRESHOLD)
    try:
        yield own.start()
    finally:
        own.discard()


@pytest.fixture
def desk(browser: Browser, system: Gatehouse) -> Iterator[Page]:
    context = browser.new_context(base_url=system.base_url, viewport={"width": 1440, "height": 900})
    axe.prepare(context)
    page = context.new_page()
    sign_in(page, base_url=system.base_url, email=system.email, password=system.password)
    yield page
    context.close()


def choose(page: Page) -> None:
    """Upload both files, and say that the columns are as guessed."""
    page.goto("/people/import/")
    page.locator("#id_sheet").set_input_files(
        upload("staff.csv", SHEET, media_type="text/csv")  # type: ignore[arg-type]
    )
    page.locator("#id_photos").set_input_files(
        upload("photos.zip", photos(), media_type="application/zip")  # type: ignore[arg-type]
    )
    page.get_by_role("button", name="Upload and look at it").click()
    expect(page.get_by_role("heading", name="What are the columns?")).to_be_visible()


def stat(page: Page, label: str) -> str:
    card = page.locator(".c-stat", has=page.get_by_text(label, exact=True))
    return card.locator(".c-stat__value").inner_text().strip()


def picture(page: Page, name: str) -> None:
    """In both sizes and themes, where somebody asked for pictures."""
    if not SHOTS:
        return
    for width, height in ((1440, 900), (390, 844)):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            path = Path(SHOTS) / f"{name}-{width}-{scheme}.png"
            page.screenshot(path=path, full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})


def test_a_school_office_imports_looks_again_and_takes_it_back(
    desk: Page, complaints: list[str]
) -> None:
    page = desk
    listen(page, complaints)
    page.goto("/people/import/")
    picture(page, "1-upload")
    choose(page)
    expect(page.get_by_label("First name")).to_have_value("1")
    expect(page.get_by_label("Last name")).to_have_value("2")
    expect(page.get_by_label("Employed from")).to_have_value("5")
    picture(page, "2-columns")
    page.get_by_role("button", name="See what would happen").click()

    expect(page.get_by_text("Nothing is changed yet")).to_be_visible()
    expect(page.get_by_role("link", name="Change columns")).to_be_visible()
    assert [stat(page, label) for label in ("New", "Refused", "Photos to examine")] == [
        "3", "2", "6",
    ]  # fmt: skip
    expect(page.get_by_text("is not an e-mail address")).to_be_visible()
    expect(page.get_by_text("as formulas do")).to_be_visible()
    expect(page.get_by_text("there is no consent")).to_be_visible()
    expect(page.get_by_text("visitor.jpg")).to_be_visible()
    picture(page, "3-dry-run")
    page.get_by_role("link", name="Refused 2").click()
    expect(page.locator("tbody tr", has_text="Ada Okafor")).to_have_count(0)
    page.go_back()

    page.get_by_role("button", name="Apply").click()
    expect(page.locator("[data-roster-state=applied]")).to_be_visible()
    expect(page.get_by_text("They are recognised from now on")).to_be_visible()
    assert [stat(page, label) for label in ("New", "Photos added")] == ["3", "6"]
    expect(page.get_by_role("button", name="Undo the import")).to_be_visible()
    picture(page, "5-report")
    with page.expect_download() as download:
        page.get_by_role("link", name="Report as CSV").click()
    assert "Ada Okafor" in download.value.path().read_text(encoding="utf-8-sig")
    report = page.url

    page.get_by_role("link", name="Ada Okafor").click()
    expect(page.get_by_role("heading", name="Ada Okafor")).to_be_visible()

    choose(page)
    expect(page.get_by_text("was imported before")).to_be_visible()
    page.get_by_role("button", name="See what would happen").click()
    expect(page.get_by_text("Nothing would change")).to_be_visible()
    assert stat(page, "Unchanged") == "3"
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("No changes")).to_be_visible()

    page.goto(report)
    page.get_by_role("button", name="Undo the import").click()
    page.get_by_role("dialog").get_by_role("button", name="Undo the import").click()
    expect(page.get_by_text("was taken back")).to_be_visible()
    picture(page, "6-undone")
    page.goto("/people/")
    expect(page.get_by_text("Ada Okafor")).to_have_count(0)
    assert complaints == []


def test_a_file_that_cannot_be_imported_says_why_on_the_page(desk: Page) -> None:
    page = desk
    page.goto("/people/import/")
    page.locator("#id_sheet").set_input_files(
        upload("staff.csv", b"\xff\xd8\xff\xe0\0", media_type="text/csv")  # type: ignore[arg-type]
    )
    page.get_by_role("button", name="Upload and look at it").click()
    expect(page.locator("[data-roster-error]")).to_contain_text("bytes that are no text")
    picture(page, "7-refused")
    page.locator("#id_sheet").set_input_files(
        upload("staff.csv", SHEET, media_type="text/csv")  # type: ignore[arg-type]
    )
    page.get_by_role("button", name="Upload and look at it").click()
    expect(page.get_by_role("heading", name="What are the columns?")).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete the files").click()
    expect(page.get_by_text("Nobody was changed")).to_be_visible()


def test_the_pages_are_accessible(desk: Page) -> None:
    page = desk
    wrong: dict[str, list[str]] = {}

    def look(name: str, reach: Callable[[], object]) -> None:
        reach()
        page.wait_for_load_state("networkidle")
        if found := axe.check(page):
            wrong[name] = found
        page.set_viewport_size({"width": 1440, "height": 900})
        page.emulate_media(color_scheme="light")

    look("upload", lambda: page.goto("/people/import/"))
    look("columns", lambda: choose(page))
    page.get_by_role("button", name="See what would happen").click()
    expect(page.locator("[data-roster-state=checked]")).to_be_visible()
    look("dry run", page.reload)
    page.get_by_role("button", name="Discard").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete the files").click()
    expect(page.get_by_text("Nobody was changed")).to_be_visible()
    assert wrong == {}
