"""From "strangers get named" to a saved, explained and reversible threshold, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e import axe
from tests.e2e.conftest import listen
from tests.e2e.pages import sign_in
from tests.integration.gatehouse import Gatehouse

# A threshold that lets strangers in: among 150 people nine of ten, by the model's own measure.
TOO_LOW = "0.20"


@dataclass
class Hand:
    """An administrator whose clicks are counted."""

    page: Page
    clicks: int = 0

    def click(self, target: Locator) -> None:
        self.clicks += 1
        target.click()


@pytest.fixture(scope="module")
def site() -> Iterator[Gatehouse]:
    """A system of this file's own, whose rule its tests may change."""
    system = Gatehouse.create(GATEHOUSE_THRESHOLD=TOO_LOW)
    try:
        system.start()
        system.run_module("tests.e2e.calibration_seeding", "150", "60")
        yield system
    finally:
        system.discard()


@pytest.fixture
def page(
    browser: Browser,
    site: Gatehouse,
    complaints: list[str],
    open_contexts: list[BrowserContext],
) -> Page:
    context = browser.new_context(base_url=site.base_url)
    open_contexts.append(context)
    opened = context.new_page()
    listen(opened, complaints)
    sign_in(opened, base_url=site.base_url, email=site.email, password=site.password)
    return opened


def test_strangers_get_named_until_a_threshold_is_measured_saved_and_taken_back(
    page: Page,
) -> None:
    hand = Hand(page)
    hand.click(page.get_by_role("navigation").get_by_role("link", name="Calibration").first)
    expect(
        page.get_by_text(re.compile(r"About .* strangers would be given a name"))
    ).to_be_visible()

    hand.click(page.get_by_text("1 in 100", exact=True))
    hand.click(page.get_by_role("button", name="Measure"))
    result = page.locator("#result")
    expect(result.get_by_role("button", name="Save this threshold")).to_be_visible(timeout=90_000)
    expect(result.locator(".c-calibration__lead")).to_contain_text(
        re.compile(r"Threshold 0\.\d{3}")
    )
    expect(result.get_by_text(re.compile(r"The threshold rises from 0\.200"))).to_be_visible()

    hand.click(page.get_by_label("Why"))
    page.keyboard.type("Strangers were named at the main gate")
    hand.click(page.get_by_role("button", name="Save this threshold"))
    expect(page.get_by_text("Rule 1 decides from now on")).to_be_visible()
    now = page.locator("#calibration-now")
    expect(now).to_contain_text("rule 1")
    expect(now).to_contain_text("Strangers were named at the main gate")
    assert hand.clicks < 10, hand.clicks

    hand.click(page.get_by_label("Calibration").get_by_role("link", name="History"))
    hand.click(page.get_by_role("button", name="Go back to this: the shipped rule"))
    dialog = page.get_by_role("dialog", name="Go back to the shipped rule?")
    hand.click(dialog.get_by_role("button", name="Go back to the shipped rule"))
    expect(dialog).to_be_hidden()
    page.goto("/calibration/")
    expect(now).to_contain_text("the shipped rule")
    assert hand.clicks < 10, hand.clicks


def test_charts_are_read_by_pointer_and_by_arrow_keys_and_downloaded(page: Page) -> None:
    page.goto("/calibration/")
    if not page.locator("[data-chart]").count():
        page.get_by_role("button", name="Measure").click()
    charts = page.locator("[data-chart]")
    expect(charts).to_have_count(3, timeout=90_000)
    for number in range(3):
        chart = charts.nth(number)
        plot, said = chart.locator("[data-chart-plot]"), chart.locator("[data-chart-said]")
        plot.scroll_into_view_if_needed()
        plot.focus()
        first = said.inner_text()
        page.keyboard.press("ArrowRight")
        expect(said).not_to_have_text(first)
        page.keyboard.press("ArrowLeft")
        expect(said).to_have_text(first)
        page.keyboard.press("Home")
        at_the_start = said.inner_text()
        page.keyboard.press("End")
        expect(said).not_to_have_text(at_the_start)
        box = plot.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
        expect(said).not_to_have_text(at_the_start)
        chart.get_by_text("The values as a table").click()
        expect(chart.get_by_role("table")).to_be_visible()
        for kind in ("SVG", "CSV"):
            with page.expect_download() as waiting:
                chart.get_by_role("link", name=re.compile(kind)).click()
            assert waiting.value.suggested_filename.endswith(kind.lower())


def test_a_wish_by_days_asks_for_the_traffic_and_too_little_evidence_is_said(page: Page) -> None:
    page.goto("/calibration/")
    days = page.get_by_label("At most one wrong name in so many days")
    expect(days).to_be_hidden()
    page.get_by_text("By days", exact=True).click()
    days.fill("365")
    page.get_by_label("Strangers who pass in a day").fill("40")
    page.get_by_role("button", name="Measure").click()
    expect(page.get_by_text(re.compile(r"Insufficient data: [\d,]+ more"))).to_be_visible(
        timeout=90_000
    )
    expect(page.get_by_role("button", name="Save this threshold")).to_have_count(0)
    expect(page.get_by_role("link", name="Settle strangers")).to_be_visible()


def test_the_page_is_accessible_and_fits(page: Page, complaints: list[str]) -> None:
    axe.prepare(page.context)
    page.emulate_media(reduced_motion="reduce")
    page.goto("/calibration/")
    for summary in page.locator("#result summary").all():
        summary.click()
    page.get_by_text("By days", exact=True).click()
    wrong = axe.check(page)
    complaints.clear()
    assert wrong == []
