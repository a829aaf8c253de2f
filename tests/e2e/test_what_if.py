"""A stricter threshold is tried on a month, its outcome is read, and the rule is saved."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import axe
from tests.e2e.cast import DAVID, THRESHOLD
from tests.e2e.pages import sign_in
from tests.integration.gatehouse import Gatehouse


@pytest.fixture(scope="module")
def system() -> Iterator[Gatehouse]:
    """With a month behind it; a rule is saved here, which others must not be decided by."""
    made = Gatehouse.create(GATEHOUSE_THRESHOLD=THRESHOLD)
    try:
        made.start()
        made.run_module("tests.e2e.what_if_seeding")
        yield made
    finally:
        made.discard()


@pytest.fixture
def page(open_page: Callable[..., Page], system: Gatehouse) -> Page:
    one = open_page(base_url=system.base_url, storage_state=None, reduced_motion="reduce")
    axe.prepare(one.context)
    sign_in(one, base_url=system.base_url, email=system.email, password=system.password)
    return one


def test_a_rule_by_which_nothing_changes_says_so(page: Page) -> None:
    page.goto("/calibration/what-if/")
    expect(page.get_by_text("Nothing was tried yet")).to_be_visible()
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_text("Nothing would change").first).to_be_visible()


def test_a_rule_is_tried_read_and_saved(page: Page, complaints: list[str]) -> None:
    page.goto("/calibration/")
    page.get_by_role("link", name="What if").click()
    threshold = page.get_by_label("Threshold", exact=True)
    now = threshold.input_value()

    slider = page.get_by_role("slider")
    for _ in range(12):
        slider.press("ArrowRight")
    expect(threshold).not_to_have_value(now)  # the slider and the number are one
    proposed = float(threshold.input_value())
    assert proposed > float(now)
    expect(page.locator("[data-what-if-shown]")).to_have_text(f"{proposed:.3f}")

    page.get_by_role("button", name="Show what would change").click()
    headline = page.get_by_text(re.compile(r"names would disappear, none would appear"))
    expect(headline).to_be_visible()
    expect(page.get_by_text("would lose their only sighting").first).to_be_visible()
    people = page.get_by_role("region", name="People")
    expect(people.get_by_role("row").nth(1)).to_contain_text(DAVID.name)

    outcome = page.url
    page.get_by_role("combobox", name="Person").select_option(label=DAVID.name)
    rows = page.locator(".c-change")
    expect(rows.first).to_contain_text(DAVID.name)
    expect(page.locator(".c-change", has_not_text=DAVID.name)).to_have_count(0)
    page.get_by_role("combobox", name="Change").select_option(label="A name appears")
    expect(page.get_by_text("None of these")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the changes as CSV").click()
    assert DAVID.name in download.value.path().read_text(encoding="utf-8")

    page.get_by_label("Why").fill("Strangers were named at the main entrance.")
    page.get_by_role("button", name="Save this rule").click()
    expect(
        page.get_by_text(f"Rule 1 decides from now on: threshold {proposed:.3f}.")
    ).to_be_visible()

    page.get_by_role("link", name="What if").click()
    assert float(page.get_by_label("Threshold", exact=True).input_value()) == proposed
    expect(page.locator("#tried")).to_contain_text("names would disappear")

    assert complaints == []
    for address in (page.url, outcome):
        page.goto(address)
        assert axe.check(page) == [], address
    complaints.clear()
