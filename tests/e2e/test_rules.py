"""A rule is proposed by one person, approved by another, followed at once, and taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import axe
from tests.e2e.cast import GRETA, THRESHOLD, photo, upload
from tests.e2e.pages import add_camera, enrol, sign_in
from tests.integration.gatehouse import Gatehouse

SECOND, PASSWORD = "second@gatehouse.test", "six quite unrelated blue words"
HISTORY = "/calibration/history/"
# What is promised: by then every worker decides by the rule that was saved.
FOLLOWS_MS = 1_000


@pytest.fixture(scope="module")
def system() -> Iterator[Gatehouse]:
    """Two people are needed for a change, and nobody is named for a while: not for others."""
    made = Gatehouse.create(GATEHOUSE_THRESHOLD=THRESHOLD, GATEHOUSE_CALIBRATION_NEEDS_TWO="1")
    try:
        yield made.start()
    finally:
        made.discard()


@pytest.fixture(scope="module")
def enrolled(browser: Browser, system: Gatehouse) -> None:
    """Greta, and a proposal by a second administrator."""
    context = browser.new_context(base_url=system.base_url)
    page = context.new_page()
    sign_in(page, base_url=system.base_url, email=system.email, password=system.password)
    enrol(page, GRETA)
    add_camera(page, "West door")
    context.close()
    system.run_module("tests.e2e.rule_seeding", SECOND, PASSWORD)


def signed_in_page(
    open_page: Callable[..., Page], system: Gatehouse, email: str, password: str
) -> Page:
    page = open_page(base_url=system.base_url, storage_state=None, reduced_motion="reduce")
    axe.prepare(page.context)
    sign_in(page, base_url=system.base_url, email=email, password=password)
    return page


def recognise(page: Page, name: str, *, look: int) -> str:
    """What an uploaded photo of Greta comes to; the page is left on what was decided."""
    page.goto("/recognise/")
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    page.locator("#recognise-photos").set_input_files([upload(name, photo(GRETA, look))])  # type: ignore[list-item]
    result = page.locator(".c-result", has_text=name)
    verdict = result.locator(".c-badge", has_text="Match").or_(
        result.locator(".c-badge", has_text="Unknown")
    )
    expect(verdict.first).to_be_visible()
    said = verdict.first.inner_text()
    page.get_by_role("link", name=name).click()
    expect(page.get_by_text("decided by")).to_be_visible()
    return said


def test_two_people_change_the_rule_it_is_followed_at_once_and_one_click_takes_it_back(
    open_page: Callable[..., Page],
    system: Gatehouse,
    enrolled: None,
    complaints: list[str],
) -> None:
    author = signed_in_page(open_page, system, SECOND, PASSWORD)
    approver = signed_in_page(open_page, system, system.email, system.password)
    assert recognise(approver, "before.jpg", look=3) == "Match"
    expect(approver.get_by_text("decided by")).to_contain_text("the shipped rule")

    # Its author waits, and can but withdraw it.
    author.goto(HISTORY)
    expect(author.get_by_text("somebody else has to approve it")).to_be_visible()
    expect(author.get_by_role("button", name="Approve")).to_have_count(0)
    expect(author.locator("html")).to_have_attribute("data-live", "open")

    # The other one is told of it on every page, and approves it.
    approver.goto("/calibration/")
    approver.get_by_role("link", name="look and answer").click()
    expect(approver.get_by_text("Strangers were given names at the gate.")).to_be_visible()
    approver.get_by_label("Your answer").fill("Seen the figures.")
    approver.get_by_role("button", name="Approve rule 1").click()
    expect(approver.get_by_text("Rule 1 decides from this second on.")).to_be_visible()

    approver.wait_for_timeout(FOLLOWS_MS)
    assert recognise(approver, "strict.jpg", look=4) == "Unknown"
    expect(approver.get_by_text("decided by")).to_contain_text("rule 1")

    # The author's page followed without being loaded again; one click goes back.
    expect(author.locator(".c-rule--now")).to_contain_text("approved by")
    author.get_by_role("button", name="Go back to this: the shipped rule").click()
    dialog = author.get_by_role("dialog", name="Go back to the shipped rule?")
    expect(dialog).to_contain_text("0.990 → 0.800, more lenient")
    dialog.get_by_role("button", name="Go back to the shipped rule").click()
    expect(author.get_by_text("The shipped rule decides again")).to_be_visible()
    author.wait_for_timeout(FOLLOWS_MS)
    assert recognise(author, "after.jpg", look=4) == "Match"

    assert complaints == []
    for address in (HISTORY, f"{HISTORY}1/", "/calibration/cameras/"):
        approver.goto(address)
        assert axe.check(approver) == [], address
    complaints.clear()


def test_a_camera_is_made_stricter_by_one_person_and_more_lenient_by_nobody_alone(
    open_page: Callable[..., Page], system: Gatehouse, enrolled: None
) -> None:
    page = signed_in_page(open_page, system, system.email, system.password)
    page.goto("/calibration/cameras/")
    row = page.get_by_role("row", name="West door")
    expect(row).to_contain_text("As everywhere")
    row.get_by_role("spinbutton").fill("0.05")
    row.get_by_role("spinbutton").press("Enter")
    expect(row).to_contain_text("0.05 stricter")
    row.get_by_role("spinbutton").fill("0")
    row.get_by_role("button", name="Save the offset of West door").click()
    expect(page.get_by_text("West door: +0.00 would make it more lenient")).to_be_visible()
    expect(row).to_contain_text("0.05 stricter")
