"""The Accuracy page in a real browser: read, downloaded, and on paper."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e import axe
from tests.e2e.accuracy_seeding import GATE, NAMES, STAFF
from tests.e2e.conftest import listen
from tests.e2e.pages import sign_in
from tests.e2e.pdf import pages_of
from tests.integration.gatehouse import Gatehouse

ADDRESS = "/calibration/accuracy/"


@pytest.fixture(scope="module")
def house() -> Iterator[Gatehouse]:
    """A system of its own: two months of somebody's past would confuse the other tests."""
    system = Gatehouse.create()
    try:
        system.start()
        system.run_module("tests.e2e.accuracy_seeding")
        yield system
    finally:
        system.discard()


@pytest.fixture
def report(
    browser: Browser,
    house: Gatehouse,
    complaints: list[str],
    open_contexts: list[BrowserContext],
) -> Page:
    context = browser.new_context(base_url=house.base_url, reduced_motion="reduce")
    open_contexts.append(context)
    axe.prepare(context)
    page = context.new_page()
    listen(page, complaints)
    sign_in(page, base_url=house.base_url, email=house.email, password=house.password)
    page.goto(ADDRESS)
    return page


def card(page: Page, title: str) -> object:
    return page.locator("section.c-card").filter(has=page.get_by_role("heading", name=title))


def test_the_figures_are_read_downloaded_and_followed(report: Page, tmp_path: Path) -> None:
    words = card(report, "In words")
    expect(words).to_contain_text(f"{len(NAMES)} people can be recognised")
    expect(words).to_contain_text("1 in 330 would be given somebody's name")
    expect(card(report, "Measured")).to_contain_text("0.12 % and 0.83 %")
    expect(card(report, "What people said afterwards")).to_contain_text("said to be wrong")

    by_camera = card(report, "By camera")
    expect(by_camera.get_by_role("row", name=GATE)).to_contain_text("1 in 16")
    expect(by_camera.get_by_role("row", name=STAFF)).to_contain_text("Not measured")
    with report.expect_download() as download:
        by_camera.get_by_role("link", name="Download the cameras as CSV").click()
    path = tmp_path / "cameras.csv"
    download.value.save_as(path)
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert [row[0] for row in rows] == ["camera", GATE, STAFF]

    report.get_by_role("link", name="90 days").click()
    expect(card(report, "Not seen for long")).to_contain_text("enrolled for longer than 90 days")
    first = card(report, "Nearest to being taken for somebody else").get_by_role("row").nth(1)
    expect(first).to_contain_text(NAMES[0])
    first.get_by_role("link", name=NAMES[0]).click()
    expect(report.get_by_role("heading", name=NAMES[0])).to_be_visible()


def test_on_paper_it_is_whole_dated_and_without_the_shell(
    report: Page, house: Gatehouse, tmp_path: Path
) -> None:
    report.emulate_media(color_scheme="dark")
    path = tmp_path / "accuracy.pdf"
    # With what a browser prints around a page unless told otherwise.
    report.pdf(path=path, prefer_css_page_size=True, display_header_footer=True)
    pages = pages_of(path.read_bytes())
    assert 2 <= len(pages) <= 8
    text = "".join(pages)
    assert "As of" in pages[0]
    assert "(UTC)" in pages[0]
    assert f"Printed by {house.email}" in pages[0]
    for said in ("1 in 330", "0.12 % and 0.83 %", NAMES[0], "Few or old photos"):
        assert said in text
    for hidden in ("127.0.0.1", "Print or save as PDF", "Download", "Look-alikes", "Jobs"):
        assert hidden not in text
    assert f"1 / {len(pages)}" in pages[0]


def test_it_is_accessible_and_fits_both_screens(report: Page, complaints: list[str]) -> None:
    report.get_by_text("Names by the week as a table").click()
    assert complaints == []
    assert axe.check(report) == []
    complaints.clear()  # of axe, which tries inline styles
