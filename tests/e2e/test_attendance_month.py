"""From the month grid by keyboard to the evidence of a day; an employee's own month on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e import axe
from tests.integration.gatehouse import Gatehouse

DAY_WORKER, NIGHT_WORKER = "Greta Gridley", "Gustav Gridley"
EMPLOYEE, PASSWORD = "greta@gatehouse.test", "eight quite plain words today"
GRID = "/attendance/month/?month=2026-05&q=Gridley"


@pytest.fixture(scope="module", autouse=True)
def seeded(gatehouse: Gatehouse) -> None:
    gatehouse.run_module("tests.e2e.attendance_seeding")


@pytest.fixture
def look(open_page: Callable[..., Page], complaints: list[str]) -> Iterator[Page]:
    page = open_page(reduced_motion="reduce")
    axe.prepare(page.context)
    yield page
    complaints.clear()  # of axe, which tries inline styles


def cell(page: Page, name: str, day: int) -> Locator:
    row = page.locator("table.c-month tbody tr", has=page.get_by_role("link", name=name))
    return row.locator("td").nth(day - 1)


def test_by_keyboard_from_the_grid_to_the_evidence_of_a_day_and_back(page: Page) -> None:
    page.goto(GRID)
    expect(page.get_by_role("heading", name="May 2026")).to_be_visible()
    first = cell(page, DAY_WORKER, 1)
    first.focus()
    for _ in range(11):
        page.keyboard.press("ArrowRight")
    twelfth = cell(page, DAY_WORKER, 12)
    expect(twelfth).to_be_focused()
    expect(twelfth).to_contain_text(f"{DAY_WORKER}, Tuesday 12 May, Present, worked 7:56, late")

    page.keyboard.press("Enter")
    day = page.get_by_role("dialog", name=DAY_WORKER)
    expect(day.get_by_role("heading", name="Tuesday 12 May 2026")).to_be_visible()
    expect(day).to_contain_text("Came 09:06, the shift began 09:00, and grace is 5 minutes")
    expect(day).to_contain_text("Camera, Main door")
    page.keyboard.press("Escape")
    expect(day).to_be_hidden()
    expect(twelfth).to_be_focused()

    page.keyboard.press("ArrowDown")
    expect(cell(page, NIGHT_WORKER, 12)).to_be_focused()
    page.keyboard.press("End")
    expect(cell(page, NIGHT_WORKER, 31)).to_be_focused()
    page.keyboard.press("PageDown")
    expect(page.get_by_role("heading", name="June 2026")).to_be_visible()
    expect(cell(page, NIGHT_WORKER, 30)).to_be_focused()
    page.keyboard.press("PageUp")
    expect(page.get_by_role("heading", name="May 2026")).to_be_visible()
    expect(cell(page, NIGHT_WORKER, 30)).to_be_focused()


def test_the_grid_is_narrowed_without_leaving_the_page_and_keeps_its_address(page: Page) -> None:
    page.goto("/attendance/month/?month=2026-05")
    page.get_by_role("searchbox", name="Search people").fill("Gustav G")
    rows = page.locator("table.c-month tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(NIGHT_WORKER)
    expect(page).to_have_url(
        f"{page.url.partition('/attendance')[0]}/attendance/month/?month=2026-05&q=Gustav+G"
    )
    page.get_by_label("Status on any day").select_option(label="Holiday")
    expect(page.get_by_text("Nobody matches")).to_be_visible()


def test_from_a_person_to_their_month_and_a_day_of_it(page: Page) -> None:
    page.goto("/people/?q=Gustav+G")
    page.get_by_role("link", name=NIGHT_WORKER).click()
    page.get_by_role("main").get_by_role("link", name="Attendance").click()
    expect(page.get_by_role("heading", name=NIGHT_WORKER)).to_be_visible()
    page.goto(f"{page.url}?month=2026-05")
    page.get_by_role("link", name="Calendar").click()
    expect(page.locator(".c-calendar")).to_contain_text("21:55–06:03 +1")
    page.get_by_role("link", name="Time card").click()
    page.get_by_role("link", name="Tue 12 May").click()
    expect(page.get_by_role("heading", name="Tuesday 12 May 2026")).to_be_visible()
    expect(page.get_by_role("img", name="Came 21:55; left 06:03 +1")).to_be_visible()


def test_the_pages_are_accessible(look: Page) -> None:
    look.goto(GRID)
    assert axe.check(look) == []
    look.goto(GRID)
    cell(look, DAY_WORKER, 12).click()
    expect(look.get_by_role("dialog")).to_contain_text("grace is 5 minutes")
    assert axe.check(look) == []
    look.goto(GRID)
    look.get_by_role("link", name=DAY_WORKER).click()
    expect(look.get_by_role("heading", name=DAY_WORKER)).to_be_visible()
    assert axe.check(look) == []
    look.get_by_role("link", name="Calendar").click()
    expect(look.locator(".c-calendar")).to_be_visible()
    assert axe.check(look) == []
    look.locator(".c-calendar").get_by_role("link").nth(11).click()
    expect(look.get_by_role("heading", name="Tuesday 12 May 2026")).to_be_visible()
    assert axe.check(look) == []


def test_an_employee_reads_their_own_month_on_a_phone(open_page: Callable[..., Page]) -> None:
    page = as_employee(open_page, viewport={"width": 390, "height": 844}, has_touch=True)
    page.get_by_role("link", name="Your days").click()
    expect(page.get_by_role("heading", name="Your days")).to_be_visible()
    page.goto("/me/days/?month=2026-05")
    expect(page.locator(".c-time-card tfoot")).to_contain_text("249:56")
    page.get_by_role("link", name="Tue 12 May").click()
    expect(page.get_by_role("heading", name="Tuesday 12 May 2026")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Came 09:06")
    expect(page.get_by_role("link", name="Ask for a correction")).to_be_visible()
    page.goto(GRID)
    expect(page.get_by_text("You may not do this")).to_be_visible()


def test_ones_own_pages_are_accessible(
    open_page: Callable[..., Page], complaints: list[str]
) -> None:
    page = as_employee(open_page)
    for address in ("/me/days/?month=2026-05", "/me/days/2026-05-12/"):
        page.goto(address)
        assert axe.check(page) == []
    complaints.clear()  # of axe, which tries inline styles


def as_employee(open_page: Callable[..., Page], **options: Any) -> Page:
    page = open_page(storage_state=None, reduced_motion="reduce", **options)
    axe.prepare(page.context)
    page.goto("/account/login/")
    page.get_by_label("Email").fill(EMPLOYEE)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name=DAY_WORKER)).to_be_visible()
    return page
