"""Corrections in two browsers: one asks, another decides, and the day and its exception follow."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import axe
from tests.e2e.correction_seeding import EMPLOYEE, MANAGER, PASSWORD, WORKER, day_that_is_over
from tests.e2e.pages import has_stayed, stay
from tests.integration.gatehouse import Gatehouse


@pytest.fixture(scope="module")
def seeded(gatehouse: Gatehouse) -> None:
    gatehouse.run_module("tests.e2e.correction_seeding")


def signed_in(page: Page, email: str) -> Page:
    page.goto("/account/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


def test_an_employee_asks_a_manager_approves_and_the_exception_closes_by_itself(
    seeded: None, open_page: Callable[..., Page]
) -> None:
    manager = signed_in(open_page(storage_state=None), MANAGER)
    manager.goto("/attendance/exceptions/")
    expect(manager.locator("html")).to_have_attribute("data-live", "open")
    stay(manager)
    row = manager.get_by_role("row", name=re.compile(WORKER)).filter(has_text="No leaving")
    expect(row).to_have_count(1)

    employee = signed_in(open_page(storage_state=None), EMPLOYEE)
    employee.goto("/attendance/corrections/new/")
    employee.get_by_label("Day").fill(day_that_is_over().isoformat())
    employee.get_by_role("button", name="Go on").click()
    # Only what this kind of correction needs is asked for.
    expect(employee.get_by_label("Which time")).to_be_hidden()
    employee.get_by_label("Time", exact=True).fill("17:04")
    employee.get_by_label("Direction").select_option(label="Went out")
    preview = employee.locator("#correction-preview")
    expect(preview).to_contain_text("Present")
    expect(preview).to_contain_text("8:06")
    employee.get_by_label("Reason").fill("The camera at the gate was dark.")
    employee.get_by_role("button", name="Send").click()
    expect(employee.get_by_text("Waits for a decision").first).to_be_visible()
    expect(employee.get_by_role("button", name="Approve")).to_have_count(0)

    # The list that is open elsewhere tells of it without being loaded again.
    expect(row).to_contain_text("A correction waits")
    other = manager.context.new_page()
    other.goto("/attendance/corrections/")
    other.get_by_role("link", name=WORKER).click()
    expect(other.get_by_text("The camera at the gate was dark.")).to_be_visible()
    other.get_by_role("button", name="Approve").click()
    expect(other.get_by_text("Approved. The day is computed with it.")).to_be_visible()
    expect(other.get_by_role("heading", name="What the day became")).to_be_visible()
    expect(row).to_have_count(0)
    assert has_stayed(manager)

    employee.reload()
    expect(employee.get_by_text("Approved", exact=True).first).to_be_visible()
    expect(employee.locator(".c-day-change__after")).to_contain_text("8:06")


def test_the_inbox_is_walked_and_answered_by_keyboard(seeded: None, page: Page) -> None:
    page.goto("/attendance/exceptions/")
    rows = page.locator("tr[data-exception]")
    expect(rows.first).to_be_visible()
    page.keyboard.press("w")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("j")
    expect(rows.first.locator(".c-row-link")).to_be_focused()
    page.keyboard.press("x")
    expect(rows.first.get_by_role("checkbox")).to_be_checked()
    page.keyboard.press("a")
    expect(page.get_by_role("dialog", name="Assign what is ticked")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("w")
    dialog = page.get_by_role("dialog", name="Waive what is ticked")
    dialog.get_by_label("Memo").fill("It was agreed.")
    dialog.get_by_role("button", name="Waive").click()
    expect(page.get_by_text("Waived an exception.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back:")).to_be_visible()


def test_the_pages_are_accessible_and_fit(
    seeded: None, open_page: Callable[..., Page], complaints: list[str]
) -> None:
    look = open_page(reduced_motion="reduce")
    axe.prepare(look.context)
    look.goto("/attendance/exceptions/?state=open&group=kind")
    exception = look.locator("tr[data-exception] .c-row-link").first.get_attribute("href")
    look.goto("/attendance/corrections/?show=all")
    correction = look.locator("tbody .c-row-link").first.get_attribute("href")
    look.goto(str(exception))
    ask = look.get_by_role(
        "link", name=re.compile("Type another time|Ask for another correction")
    ).get_attribute("href")
    for address in (
        "/attendance/exceptions/",
        "/attendance/exceptions/?state=resolved",
        "/attendance/exceptions/?q=nobody-at-all",
        str(exception),
        "/attendance/punches/",
        "/attendance/corrections/?show=mine",
        "/attendance/corrections/?show=all",
        "/attendance/corrections/new/",
        str(correction),
        str(ask),
    ):
        look.goto(address)
        look.wait_for_load_state("load")
        assert complaints == [], address
        assert axe.check(look) == [], address
        complaints.clear()  # of axe, which tries inline styles
