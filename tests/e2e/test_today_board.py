"""The Today board: numbers that follow who comes, and lists that hold as many."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.e2e import axe
from tests.e2e.pages import has_stayed, stay
from tests.e2e.presence_seeding import act
from tests.integration.gatehouse import Gatehouse

HALL = "Board hall"


def cell(page: Page, column: str) -> Locator:
    """A number of the hall's row."""
    columns = page.locator(".c-today-table thead th").all_inner_texts()
    row = page.locator(".c-today-table tbody tr", has_text=HALL)
    return row.locator("td").nth(columns.index(column) - 1)


def test_somebody_who_comes_is_counted_at_once_and_stands_in_the_lists(
    gatehouse: Gatehouse, open_page: Callable[..., Page]
) -> None:
    act(gatehouse, "due", HALL, "Ines Berg", "Jonas Keller", "Karla Novak")
    page, listed = open_page(), open_page()
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    expect(cell(page, "Expected")).to_have_text("3")
    expect(cell(page, "Not arrived")).to_have_text("3")
    expect(cell(page, "Came")).to_have_text("0")
    stay(page)

    address = cell(page, "Not arrived").get_by_role("link").get_attribute("href")
    listed.goto(str(address))
    expect(listed.get_by_role("heading", level=1)).to_have_text("Not arrived")
    expect(listed.locator("[data-today-count]")).to_have_text("3")
    expect(listed.locator("html")).to_have_attribute("data-live", "open")
    stay(listed)

    act(gatehouse, "come", "Jonas Keller")
    expect(cell(page, "Not arrived")).to_have_text("2")
    for column in ("Came", "Late", "On site now"):
        expect(cell(page, column)).to_have_text("1")
    expect(page.get_by_role("img", name=re.compile("has come|came"))).to_be_visible()
    expect(listed.locator("[data-today-count]")).to_have_text("2")
    expect(listed.get_by_text("Jonas Keller")).to_have_count(0)
    assert has_stayed(page)
    assert has_stayed(listed)

    cell(page, "Late").get_by_role("link").click()
    row = page.locator("tbody tr", has_text="Jonas Keller")
    expect(row).to_contain_text("4 min late")
    expect(row).to_contain_text("Here")
    expect(page.locator("tbody tr")).to_have_count(1)

    listed.get_by_role("searchbox", name="Search people").fill("karla")
    expect(listed.locator("[data-today-count]")).to_have_text("1")
    listed.get_by_role("searchbox", name="Search people").fill("")
    expect(listed.locator("[data-today-count]")).to_have_text("2")
    listed.get_by_label("List").select_option(label="On site now")
    expect(listed.locator("tbody tr", has_text="Jonas Keller")).to_be_visible()


def test_the_board_and_its_lists_are_accessible_and_fit(
    gatehouse: Gatehouse, open_page: Callable[..., Page], complaints: list[str]
) -> None:
    act(gatehouse, "due", "Axe hall", "Lena Moreau", "Milan Haddad")
    act(gatehouse, "come", "Lena Moreau")
    page = open_page(reduced_motion="reduce")
    axe.prepare(page.context)
    for address in ("/", "/today/people/?list=came", "/today/people/?list=came&q=nobodyatall"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert complaints == []
        wrong = axe.check(page)
        complaints.clear()  # of axe
        assert wrong == []
