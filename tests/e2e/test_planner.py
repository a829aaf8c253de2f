"""The roster is planned by keyboard and mouse, a conflict is refused on the spot and taken back;
leave is asked for in one browser and approved in another."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e import axe
from tests.e2e.planner_seeding import DEPARTMENT, EMPLOYEE, MANAGER, NAMES
from tests.integration.gatehouse import Gatehouse

PASSWORD = "six quite unrelated green words"
OLIVE, PAUL, QUINN = NAMES
# Next week, so that no leave has begun and no day is over.
MONDAY = date.today() - timedelta(days=date.today().weekday()) + timedelta(days=7)  # noqa: DTZ011


@pytest.fixture(scope="module")
def _brewery(gatehouse: Gatehouse) -> None:
    gatehouse.run_module("tests.e2e.planner_seeding", PASSWORD)


def open_roster(page: Page, *, weeks: int = 2) -> None:
    page.goto(f"/attendance/schedules/roster/?first={MONDAY}&weeks={weeks}")
    # By then the page's scripts listen.
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    rows = page.locator("table.c-roster tbody tr")
    expect(rows.filter(has_text="Rita Restless")).to_have_count(1)
    page.get_by_label("Department", exact=True).select_option(label=f"Brewery: {DEPARTMENT}")
    # The weeks stay where they are.
    page.wait_for_url(re.compile(rf"first={MONDAY}&weeks={weeks}&department="))
    expect(rows).to_have_count(3)
    expect(page.locator("table.c-roster td[tabindex]")).to_have_count(1)


def cell(page: Page, name: str, day: int) -> Locator:
    """The day-th day of somebody, from 0."""
    row = page.locator("table.c-roster tbody tr", has=page.get_by_text(name, exact=True))
    return row.locator("td").nth(day)


def code(page: Page, name: str, day: int) -> Locator:
    return cell(page, name, day).locator("b")


@pytest.mark.usefixtures("_brewery")
class TestRoster:
    def test_a_week_is_typed_painted_copied_and_taken_back(
        self, page: Page, complaints: list[str]
    ) -> None:
        open_roster(page)
        expect(code(page, OLIVE, 0)).to_have_text("M")
        expect(cell(page, OLIVE, 0)).to_have_class(re.compile(r"\bd\b"))

        # By keyboard: a code, a day off, and what is about it in words.
        cell(page, OLIVE, 0).click()
        page.keyboard.press("k")
        expect(code(page, OLIVE, 0)).to_have_text("K")
        expect(cell(page, OLIVE, 0)).to_have_class(re.compile(r"\bo\b"))
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Delete")
        expect(code(page, OLIVE, 1)).to_have_text("–")
        expect(cell(page, OLIVE, 1)).to_be_focused()
        expect(cell(page, OLIVE, 1)).to_have_attribute(
            "aria-label", re.compile("Olive Planner, .*day off, set here")
        )
        page.reload()
        expect(code(page, OLIVE, 0)).to_have_text("K")
        expect(code(page, OLIVE, 1)).to_have_text("–")

        # Taken back in the order in which it was done; and the plan's word with Backspace.
        cell(page, OLIVE, 1).click()
        page.keyboard.press("Backspace")
        expect(code(page, OLIVE, 1)).to_have_text("M")
        expect(cell(page, OLIVE, 1)).to_have_class(re.compile(r"\bd\b"))
        page.keyboard.press("Control+z")
        expect(code(page, OLIVE, 1)).to_have_text("–")

        # With the mouse: pick a shift, then paint over a week of one and of another.
        page.get_by_role("radio", name="Kiln").click()
        box_from, box_to = (cell(page, PAUL, day).bounding_box() for day in (0, 4))
        assert box_from is not None
        assert box_to is not None
        page.mouse.move(box_from["x"] + 10, box_from["y"] + 10)
        page.mouse.down()
        page.mouse.move(box_to["x"] + 10, box_to["y"] + 10, steps=20)
        page.mouse.up()
        for day in range(5):
            expect(code(page, PAUL, day)).to_have_text("K")
        expect(code(page, PAUL, 6)).to_have_text("M")

        # The week once more, and one person's days for another.
        page.get_by_role("button", name="Copy a week").click()
        page.get_by_role("button", name="Copy the week").click()
        for day in range(7, 12):
            expect(code(page, PAUL, day)).to_have_text("K")
        page.get_by_role("button", name="Copy to others").click()
        page.get_by_label("What this person works").select_option(label=PAUL)
        page.get_by_label(QUINN).check()
        page.get_by_role("button", name="Copy the days").click()
        for day in (0, 4, 7, 11):
            expect(code(page, QUINN, day)).to_have_text("K")

        page.get_by_role("button", name="Undo").click()
        expect(code(page, QUINN, 0)).to_have_text("M")
        page.get_by_role("button", name="Undo").click()
        expect(code(page, PAUL, 7)).to_have_text("M")
        expect(code(page, PAUL, 0)).to_have_text("K")
        assert complaints == []

    def test_a_conflict_is_refused_naming_both_and_nothing_is_changed(
        self, page: Page, complaints: list[str]
    ) -> None:
        open_roster(page)
        cell(page, QUINN, 7).click()
        page.keyboard.press("k")
        expect(code(page, QUINN, 7)).to_have_text("K")

        page.keyboard.press("ArrowRight")
        page.keyboard.press("d")

        said = page.get_by_role("alert").filter(has_text="overlap")
        expect(said).to_contain_text(QUINN)
        expect(said).to_contain_text("Kiln")
        expect(said).to_contain_text("Dawn")
        expect(code(page, QUINN, 8)).to_have_text("M")
        expect(cell(page, QUINN, 8)).to_have_class(re.compile("is-refused"))
        page.reload()
        expect(code(page, QUINN, 8)).to_have_text("M")
        assert complaints == []

    def test_what_somebody_else_set_meanwhile_is_shown_and_not_overwritten(
        self, open_page: Callable[..., Page], complaints: list[str]
    ) -> None:
        mine, theirs = open_page(), open_page()
        for page in (mine, theirs):
            open_roster(page)
        cell(theirs, QUINN, 10).click()
        theirs.keyboard.press("Delete")
        expect(code(theirs, QUINN, 10)).to_have_text("–")

        cell(mine, QUINN, 10).click()
        mine.keyboard.press("k")
        expect(mine.get_by_role("alert").filter(has_text="Somebody else")).to_be_visible()
        expect(code(mine, QUINN, 10)).to_have_text("–")
        assert complaints == []

    def test_on_a_phone_one_day_or_one_person_and_a_tap_paints(
        self, open_page: Callable[..., Page], complaints: list[str]
    ) -> None:
        page = open_page(viewport={"width": 390, "height": 844}, has_touch=True)
        open_roster(page, weeks=1)
        page.get_by_label("Day", exact=True).select_option(value="4")
        expect(cell(page, QUINN, 3)).to_be_visible()
        expect(cell(page, QUINN, 2)).to_be_hidden()
        page.get_by_role("radio", name="Day off").tap()
        cell(page, QUINN, 3).tap()
        expect(code(page, QUINN, 3)).to_have_text("–")

        page.get_by_role("button", name="One person").click()
        page.get_by_label("Person", exact=True).select_option(label=QUINN)
        expect(cell(page, QUINN, 2)).to_be_visible()
        expect(cell(page, PAUL, 2)).to_be_hidden()
        page.get_by_role("radio", name="Back to the plan").tap()
        cell(page, QUINN, 3).tap()
        expect(code(page, QUINN, 3)).to_have_text("M")
        assert complaints == []


def enter(page: Page, email: str) -> None:
    page.goto("/account/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/account/" not in url)


@pytest.mark.usefixtures("_brewery")
def test_leave_is_asked_for_by_an_employee_and_approved_by_a_manager(
    page: Page, open_page: Callable[..., Page], complaints: list[str]
) -> None:
    first, last = MONDAY + timedelta(days=21), MONDAY + timedelta(days=25)
    employee, manager = (open_page(storage_state=None) for _ in range(2))
    enter(employee, EMPLOYEE)
    enter(manager, MANAGER)
    manager.goto("/attendance/schedules/leave/waiting/")
    expect(manager.locator(".c-empty")).to_be_visible()
    expect(manager.locator("html")).to_have_attribute("data-live", "open")

    employee.goto("/attendance/schedules/leave/mine/")
    employee.get_by_label("First day of leave").fill(first.isoformat())
    employee.get_by_label("Last day of leave").fill(last.isoformat())
    employee.get_by_label("Remark").fill("The hops are in.")
    employee.get_by_role("button", name="Ask for leave").click()
    expect(employee.get_by_text("5 days of leave asked for")).to_be_visible()
    expect(employee.locator(".c-badge", has_text="Waits")).to_be_visible()

    # The same dates again are refused naming the other.
    employee.get_by_label("First day of leave").fill(last.isoformat())
    employee.get_by_role("button", name="Ask for leave").click()
    expect(employee.locator(".c-field__error")).to_contain_text("Harvest leave")

    # It appears in the other browser by itself.
    ask = manager.locator(".c-leave-ask", has_text=OLIVE)
    expect(ask).to_contain_text("The hops are in.")
    manager.get_by_label(f"Note to {OLIVE}").fill("Enjoy the harvest")
    manager.get_by_role("button", name=f"Approve the leave of {OLIVE}").click()
    expect(manager.get_by_text(f"The leave of {OLIVE} is approved.")).to_be_visible()
    expect(manager.locator(".c-empty")).to_be_visible()

    employee.goto("/attendance/schedules/leave/mine/")
    expect(employee.locator(".c-badge", has_text="Approved")).to_be_visible()
    expect(employee.get_by_text("Enjoy the harvest")).to_be_visible()

    manager.goto(f"/attendance/schedules/leave/calendar/?month={first:%Y-%m}")
    expect(manager.locator("tr", has_text=OLIVE).locator("td.is-away").first).to_be_visible()
    manager.goto(f"/attendance/schedules/roster/?first={first}&weeks=1")
    expect(cell(manager, OLIVE, 0).locator("i")).to_have_text("L")
    # A manager looks at the roster, and plans nobody.
    expect(manager.locator("[data-brushes]")).to_have_count(0)
    assert complaints == []


@pytest.mark.usefixtures("_brewery")
def test_holidays_are_chosen_from_lists_and_kept_by_a_site(
    page: Page, complaints: list[str]
) -> None:
    page.goto("/attendance/schedules/holidays/new/")
    page.get_by_label("Country").select_option("DE")
    page.get_by_label("State or region").select_option("BY")
    expect(page.locator(".c-holidays__row").first).to_contain_text("Neujahr")
    page.get_by_label("Names in").select_option("en_US")
    expect(page.locator(".c-holidays__row").first).to_contain_text("New Year's Day")
    page.get_by_label("Name of the calendar").fill("Upper Bavaria")
    page.get_by_role("button", name="Make the calendar").click()
    expect(page.get_by_role("heading", level=1, name="Upper Bavaria")).to_be_visible()

    day = MONDAY + timedelta(days=2)
    page.get_by_label("Date", exact=True).fill(day.isoformat())
    page.get_by_label("Name", exact=True).last.fill("Founder’s day")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".c-holidays__row", has_text="Founder’s day")).to_be_visible()

    page.goto("/attendance/schedules/holidays/")
    page.get_by_label("Calendar of Brewery", exact=True).select_option(label="Upper Bavaria")
    page.get_by_role("button", name="Save the calendar of Brewery").click()
    expect(page.get_by_text("Brewery keeps “Upper Bavaria”.")).to_be_visible()
    page.goto(f"/attendance/schedules/roster/?first={MONDAY}&weeks=1&q=Quinn")
    expect(cell(page, QUINN, 2).locator("i")).to_have_text("H")
    assert complaints == []


@pytest.mark.usefixtures("_brewery")
def test_the_pages_are_accessible(open_page: Callable[..., Page], complaints: list[str]) -> None:
    page = open_page(reduced_motion="reduce")
    axe.prepare(page.context)
    base = "/attendance/schedules"
    for address in (
        f"roster/?first={MONDAY}",
        "roster/?q=nobody-is-called-that",
        "holidays/",
        "holidays/new/?country=DE",
        "leave/",
        "leave/waiting/",
        f"leave/calendar/?month={MONDAY + timedelta(days=21):%Y-%m}",
        "leave/new/",
        "leave/mine/",
        "leave/types/",
    ):
        page.goto(f"{base}/{address}")
        assert axe.check(page) == [], address
    page.goto(f"{base}/holidays/")
    page.get_by_role("link", name="Upper Bavaria").click()
    assert axe.check(page) == [], page.url
    page.goto(f"{base}/leave/")
    page.locator(".c-row-link").first.click()
    assert axe.check(page) == [], page.url
    complaints.clear()  # of axe, which tries inline styles; the pages' own were looked at before
