"""A night shift is made, tried, given to a department, and changed after a look at the past."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import axe
from tests.integration.gatehouse import Gatehouse

PEOPLE = ("Henrik Hutter", "Agnes Amboss")
WORKS, NIGHT, EARLY, RULES = "Steelworks", "Furnace night", "Furnace early", "Steelworks rules"
SHIFTS, POLICIES, ASSIGNMENTS = (
    f"/attendance/schedules/{place}/" for place in ("shifts", "policies", "assignments")
)


@pytest.fixture(scope="module")
def _steelworks(gatehouse: Gatehouse) -> None:
    gatehouse.run_module("tests.e2e.shift_seeding", WORKS, *PEOPLE)


@pytest.fixture
def page(open_page: Callable[..., Page], _steelworks: None) -> Page:
    opened = open_page(reduced_motion="reduce")
    axe.prepare(opened.context)
    return opened


def planned_for_nothing(page: Page) -> int:
    """How many the page of assignments says there are; other tests have people, too."""
    said = page.locator(".c-callout", has_text="planned for nothing")
    expect(page.get_by_role("heading", level=1, name="Assignments")).to_be_visible()
    return int(re.search(r"(\d+) (?:person|people)", said.inner_text())[1]) if said.count() else 0


def test_a_shift_is_made_for_a_night_that_a_department_works_and_that_is_changed_for_past_days(
    page: Page, complaints: list[str]
) -> None:
    wrong = []

    def look() -> None:
        wrong.extend(f"{page.url}: {each}" for each in axe.check(page))

    make_a_policy_that_was_tried(page)
    page.goto(f"{SHIFTS}new/")
    page.get_by_label("Name").fill(NIGHT)
    page.get_by_label("Code").fill("FN")
    page.get_by_label("Policy").select_option(label=RULES)
    page.get_by_label("From", exact=True).fill("22:00")
    page.get_by_label("To", exact=True).fill("22:00")
    for day in ("Sat", "Sun"):
        page.get_by_label(day).check()
    page.get_by_role("button", name="Make the shift").click()
    expect(page.get_by_text("it would last 0 hours")).to_be_visible()
    page.get_by_label("To", exact=True).fill("06:00")
    page.get_by_role("button", name="Make the shift").click()
    expect(page.get_by_role("heading", name=NIGHT, level=1)).to_be_visible()
    expect(page.get_by_role("img", name=f"{NIGHT}: 22:00 to 06:00 the next day")).to_be_visible()

    page.goto(ASSIGNMENTS)
    without = planned_for_nothing(page)
    begins = date.today() - timedelta(days=10)  # noqa: DTZ011 - as the form's own date
    page.get_by_role("link", name="Assign a shift").first.click()
    page.get_by_label("Department", exact=True).select_option(label=WORKS)
    page.get_by_label("Shift", exact=True).select_option(label=f"{NIGHT} (FN)")
    page.get_by_label("From", exact=True).fill(begins.isoformat())
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_text("This reaches into the past")).to_be_visible()
    page.get_by_role("button", name="Yes, change these days").click()
    expect(page.get_by_text("plan is made")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile(WORKS))).to_contain_text("2 people")
    assert planned_for_nothing(page) == without - len(PEOPLE)

    change_it_for_days_that_are_over(page, since=begins + timedelta(days=2))

    # A morning that begins before the night is over is refused, by name.
    page.goto(f"{SHIFTS}new/")
    page.get_by_label("Name").fill(EARLY)
    page.get_by_label("Code").fill("FE")
    page.get_by_label("From", exact=True).fill("04:30")
    page.get_by_label("To", exact=True).fill("12:30")
    page.get_by_role("button", name="Make the shift").click()
    expect(page.get_by_role("heading", name=EARLY, level=1)).to_be_visible()
    page.get_by_role("link", name="Give it to people").click()
    page.get_by_label("Department", exact=True).select_option(label=WORKS)
    page.get_by_label("As a second shift of the same days").check()
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_role("alert")).to_contain_text("2 people would have to work both at once")
    expect(page.get_by_role("alert")).to_contain_text(f"“{NIGHT}” and “{EARLY}” overlap")

    assert complaints == []
    for place in (SHIFTS, POLICIES, ASSIGNMENTS, f"{POLICIES}new/", f"{ASSIGNMENTS}new/"):
        page.goto(place)
        look()
    page.goto(SHIFTS)
    page.get_by_role("link", name=NIGHT).click()
    look()
    page.get_by_role("link", name="Change the hours").click()
    look()
    # Axe tries inline styles, which the policy refuses and the console tells of.
    complaints.clear()
    assert wrong == []


def make_a_policy_that_was_tried(page: Page) -> None:
    page.goto(POLICIES)
    page.get_by_role("link", name="New policy").click()
    box = page.locator(".c-policy-form__try")
    expect(box).to_contain_text("worked")
    page.get_by_label("Name").fill(RULES)
    page.get_by_label("Times of the day").fill("09:12 in, 17:00 out")
    expect(box).to_contain_text("12 minutes late")
    page.get_by_label("Grace for coming late").fill("15")
    expect(box).not_to_contain_text("late,")
    expect(box).to_contain_text("7 hours 48 minutes worked")
    page.get_by_label("A length, after so long at work").check()
    page.get_by_label("Length (min)").fill("30")
    expect(box).to_contain_text("7 hours 18 minutes worked")
    page.get_by_label("Grace for leaving early").fill("-3")
    expect(box).to_contain_text("-3 is given; expected a whole number of minutes")
    page.get_by_label("Grace for leaving early").fill("5")
    page.get_by_role("button", name="Make the policy").click()
    expect(page.get_by_text(f"The policy “{RULES}” is made.")).to_be_visible()
    expect(page.get_by_text("A break of 30 minutes is taken off after 6 hours")).to_be_visible()


def change_it_for_days_that_are_over(page: Page, *, since: date) -> None:
    page.goto(SHIFTS)
    page.get_by_role("link", name=NIGHT).click()
    page.get_by_role("link", name="Change the hours").click()
    page.get_by_label("To", exact=True).fill("05:00")
    page.locator("#id_valid_from").fill(since.isoformat())
    page.get_by_label("Why").fill("The hall closes an hour earlier.")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("This reaches into the past")).to_be_visible()
    expect(page.locator(".c-callout", has_text="into the past")).to_contain_text("2 people")
    page.get_by_role("button", name="Yes, change these days").click()
    expect(page.get_by_role("heading", name=NIGHT, level=1)).to_be_visible()
    history = page.locator(".c-versions")
    expect(history).to_contain_text("The hall closes an hour earlier.")
    expect(history).to_contain_text("22:00 to 05:00 the next day.")
