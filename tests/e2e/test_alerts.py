"""Alerts in the browser: from a rule to an alarm on every page, answered and taken back."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e import axe
from tests.e2e.cast import INTRUDER, PROWLER, photo
from tests.e2e.pages import add_camera, has_stayed, send_snapshot, stay


def make_channel(page: Page, name: str) -> None:
    page.goto("/alerts/channels/")
    page.get_by_role("link", name="E-mail").first.click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("E-mail addresses").fill("desk@example.org")
    page.get_by_role("button", name="Make the channel").click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def make_rule(page: Page, name: str, *, channel: str) -> None:
    page.goto("/alerts/rules/")
    page.get_by_role("link", name="New rule").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Severity").select_option(label="Alarm")
    page.get_by_label("At least so many faces").fill("1")
    # Only what the event needs is asked for.
    expect(page.get_by_label("From").first).to_be_hidden()
    page.get_by_label("What happens").select_option(label="Camera offline")
    expect(page.get_by_label("At least so many faces")).to_be_hidden()
    page.get_by_label("What happens").select_option(label="Unknown face")
    page.get_by_label(channel).check()
    page.get_by_role("button", name="Save the rule").click()
    expect(page.get_by_text("When an unknown face is seen by any camera")).to_have_count(2)
    expect(page.get_by_text(f"raise an alarm, tell {channel}.")).to_be_visible()


def test_an_alarm_appears_on_every_page_is_answered_and_taken_back(
    page: Page, open_page: Callable[..., Page]
) -> None:
    make_channel(page, "Night desk")
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("Not sent: No mail server is set")).to_be_visible()
    make_rule(page, "Intruder", channel="Night desk")
    camera = add_camera(page, "Cellar door")

    elsewhere = open_page()
    elsewhere.goto("/people/")
    expect(elsewhere.locator("html")).to_have_attribute("data-live", "open")
    page.goto("/alerts/")
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    stay(page)
    send_snapshot(camera, photo(INTRUDER, 3))

    row = page.get_by_role("row", name=re.compile("Intruder"))
    expect(row).to_contain_text("Cellar door")
    expect(row).to_contain_text("Alarm")
    toast = elsewhere.locator(".c-toast", has_text="Unknown face")
    expect(toast).to_contain_text("Cellar door")

    # An alarm wants a memo before it is closed; answered here, it is gone there.
    row.get_by_role("checkbox").check()
    page.get_by_role("button", name="Memo or close…").click()
    dialog = page.get_by_role("dialog", name="Answer the alerts ticked")
    dialog.get_by_role("button", name="Close alerts").click()
    expect(page.get_by_text("An alarm is closed with a memo")).to_be_visible()
    toast.get_by_role("link", name="Open").click()
    elsewhere.get_by_label("Memo").fill("The plumber.")
    elsewhere.get_by_role("button", name="Close", exact=True).click()
    expect(elsewhere.get_by_text("Closed an alert.")).to_be_visible()
    expect(elsewhere.get_by_text("The plumber.").first).to_be_visible()
    expect(row).to_have_count(0)
    elsewhere.get_by_role("button", name="Undo").click()
    expect(elsewhere.get_by_text("Taken back:")).to_be_visible()
    expect(row).to_contain_text("Open")

    # Told over the channel, which has nowhere to send it, and tries again.
    row.locator(".c-row-link").click()
    expect(page.get_by_text("Trying again", exact=True)).to_be_visible()


def test_a_list_that_is_open_follows_without_being_loaded_again(page: Page) -> None:
    camera = add_camera(page, "Chimney")
    page.goto("/alerts/rules/new/")
    page.get_by_label("Name", exact=True).fill("Roof walker")
    page.get_by_label("At least so many faces").fill("1")
    page.get_by_role("button", name="Save the rule").click()
    page.goto("/alerts/")
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    stay(page)
    send_snapshot(camera, photo(PROWLER, 4))
    expect(page.get_by_role("row", name=re.compile("Roof walker"))).to_have_count(1)
    assert has_stayed(page)


def test_the_pages_are_accessible_and_fit(
    open_page: Callable[..., Page], complaints: list[str]
) -> None:
    look = open_page(reduced_motion="reduce")
    axe.prepare(look.context)
    for address in (
        "/alerts/",
        "/alerts/?state=closed",
        "/alerts/rules/",
        "/alerts/rules/new/",
        "/alerts/channels/",
        "/alerts/channels/new/email/",
        "/alerts/channels/new/webhook/",
        "/alerts/channels/new/mqtt/",
    ):
        look.goto(address)
        look.wait_for_load_state("load")
        assert complaints == [], address
        assert axe.check(look) == [], address
        complaints.clear()  # of axe, which tries inline styles
