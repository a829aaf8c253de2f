"""The list of cameras and one camera's page: they follow by themselves what the camera does."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e import axe
from tests.e2e.cast import ADA, BRUNO, photo
from tests.e2e.pages import Events, add_camera, has_stayed, send_snapshot, stay

pytestmark = pytest.mark.usefixtures("known")


def tile(page: Page, name: str) -> Locator:
    return page.locator(".c-camera", has_text=name)


def test_the_list_sees_a_camera_come_online_and_can_be_narrowed(page: Page) -> None:
    camera = add_camera(page, "Back stairs", place="Second floor")
    events = Events(page)
    page.goto("/cameras/")
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    expect(tile(page, camera.name)).to_contain_text("Never seen")
    expect(tile(page, camera.name)).to_contain_text("None yet")
    stay(page)

    send_snapshot(camera, photo(ADA, 3))
    events.expect("cameras.changed")
    expect(tile(page, camera.name)).to_contain_text("Online")
    expect(tile(page, camera.name)).to_contain_text(re.compile(r"\d+ s ago"))

    page.get_by_label("State").select_option(label="Never seen")
    expect(tile(page, camera.name)).to_have_count(0)
    page.get_by_label("State").select_option(label="Online")
    expect(tile(page, camera.name)).to_be_visible()
    assert has_stayed(page)

    tile(page, camera.name).get_by_role("link", name=camera.name).click()
    expect(page.get_by_role("heading", name=camera.name)).to_be_visible()


def test_a_cameras_page_follows_how_it_is_and_what_it_yields(page: Page) -> None:
    camera = add_camera(page, "Ramp")
    page.goto(camera.url)
    expect(page.get_by_text("Nothing is recorded yet")).to_be_visible()
    expect(page.get_by_text("Nobody was seen")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    stay(page)

    for look in (3, 4):
        send_snapshot(camera, photo(BRUNO, look))
    health = page.locator("#camera-health")
    expect(health.get_by_text("Online")).to_be_visible()
    expect(health.get_by_text(re.compile("Everything up to .* is recorded"))).to_be_visible(
        timeout=40_000
    )
    assert has_stayed(page)

    page.get_by_role("button", name="Switch off").click()
    expect(page.locator("#camera-health").get_by_text("Disabled")).to_be_visible()
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("button", name="Switch off")).to_be_visible()


def test_list_and_page_are_accessible_with_the_keyboard_and_to_axe(
    open_page: Callable[..., Page], complaints: list[str]
) -> None:
    look = open_page(reduced_motion="reduce")
    axe.prepare(look.context)
    camera = add_camera(look, "Turnstile")
    send_snapshot(camera, photo(ADA, 4))
    look.goto("/cameras/")
    expect(tile(look, camera.name)).to_contain_text("Online")
    link = tile(look, camera.name).get_by_role("link", name=camera.name)
    link.focus()
    look.keyboard.press("Enter")
    expect(look.get_by_role("heading", name=camera.name)).to_be_visible()

    look.get_by_role("link", name="7 days").focus()
    look.keyboard.press("Enter")
    expect(look.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "page")
    table = look.get_by_text("Faces by the hour as a table")
    table.focus()
    look.keyboard.press("Enter")
    expect(look.get_by_role("row", name=re.compile("Hour from"))).to_be_visible()
    assert complaints == []
    assert axe.check(look) == [], "with the table unfolded"
    complaints.clear()
    for address in (look.url, "/cameras/"):
        look.goto(address)
        assert complaints == []
        assert axe.check(look) == []
        complaints.clear()  # of axe; the page's own were looked at before it ran
