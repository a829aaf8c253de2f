"""The Live page: snapshots of a camera appear in every browser by themselves."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.cast import ADA, BRUNO, GRETA, STRANGER, Member, photo
from tests.e2e.pages import (
    Camera,
    Events,
    add_camera,
    enrol,
    has_stayed,
    send_snapshot,
    stay,
)

pytestmark = pytest.mark.usefixtures("known")


def open_live(page: Page, camera: Camera) -> None:
    """The Live page with this camera's faces alone."""
    page.goto("/live/")
    page.get_by_label("Camera", exact=True).select_option(label=camera.name)
    expect(page.get_by_text("No face yet")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    stay(page)


def items(page: Page) -> Locator:
    return page.locator(".c-stream__item")


def expect_newest(page: Page, name: str, word: str) -> None:
    newest = items(page).first
    expect(newest.locator(".c-pair__name")).to_have_text(name)
    expect(newest).to_contain_text(word)


def test_a_snapshot_appears_in_two_browsers_with_name_and_score(
    open_page: Callable[..., Page],
) -> None:
    first, second = open_page(), open_page()
    events = Events(first)
    camera = add_camera(first, "North door", place="Building A")
    for page in (first, second):
        open_live(page, camera)
    events.clear()
    answer = send_snapshot(camera, photo(ADA, 3))
    assert answer["is_new"]
    for page in (first, second):
        expect_newest(page, ADA.name, "Match")
        expect(items(page).first).to_contain_text(re.compile(r"Score 0\.\d{3}"))
    events.expect("sightings.finished")

    first.get_by_role("button", name="Pause").click()
    send_snapshot(camera, photo(BRUNO, 3))
    expect_newest(second, BRUNO.name, "Match")
    events.expect("sightings.finished")
    expect(items(first)).to_have_count(1)
    first.get_by_role("button", name="Go on").click()
    expect_newest(first, BRUNO.name, "Match")

    first.get_by_label("Decision").select_option(label="Unknown")
    expect(first.get_by_text("No face yet")).to_be_visible()
    send_snapshot(camera, photo(STRANGER, 3))
    expect_newest(first, "Unknown face", "Unknown")
    expect(items(first)).to_have_count(1)
    expect_newest(second, "Unknown face", "Unknown")
    expect(items(second)).to_have_count(3)
    assert has_stayed(first)
    assert has_stayed(second)


def test_a_cameras_page_shows_its_faces_and_its_key_once(page: Page) -> None:
    camera = add_camera(page, "Loading bay")
    expect(page.get_by_role("heading", name=camera.name)).to_be_visible()
    expect(page.get_by_text("No face yet")).to_be_visible()
    send_snapshot(camera, photo(BRUNO, 4))
    expect(page.locator(".c-feed li").first).to_contain_text(BRUNO.name)
    page.reload()
    expect(page.locator(".c-feed li").first).to_contain_text(BRUNO.name)
    expect(page.get_by_text("Online")).to_be_visible()
    expect(page.get_by_text(camera.key)).to_have_count(0)


def test_who_is_suspended_or_erased_is_not_named_any_more(
    open_page: Callable[..., Page],
) -> None:
    office, wall = open_page(), open_page()
    person_url = enrol(office, GRETA)
    camera = add_camera(office, "South door")
    open_live(wall, camera)

    send_snapshot(camera, photo(GRETA, 3))
    expect_newest(wall, GRETA.name, "Match")

    press_and_confirm(office, person_url, "Suspend", "Suspend")
    expect(office.locator(".c-toasts")).to_contain_text("is no longer recognised")
    expect_unknown(wall, camera, GRETA, look=4, count=2)

    office.get_by_text("More", exact=True).first.click()
    office.get_by_role("button", name="Reinstate").click()
    expect(office.locator(".c-toasts")).to_contain_text("is recognised again")
    send_snapshot(camera, photo(GRETA, 0))
    expect_newest(wall, GRETA.name, "Match")

    erase(office, person_url)
    expect_unknown(wall, camera, GRETA, look=1, count=4)
    expect(wall.get_by_text(GRETA.name)).to_have_count(0)
    assert office.goto(person_url).status == 404  # type: ignore[union-attr]


def erase(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_text("More", exact=True).first.click()
    page.get_by_role("link", name="Erase for good").click()
    code = page.get_by_text("The code is").inner_text().removeprefix("The code is ").rstrip(".")
    page.get_by_label("Reason").fill("Asked for it")
    page.get_by_label("Type the code to confirm").fill(code)
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_role("heading", name="Certificate of erasure")).to_be_visible()


def press_and_confirm(page: Page, url: str, button: str, confirmation: str) -> None:
    page.goto(url)
    page.get_by_text("More", exact=True).first.click()
    page.get_by_role("button", name=button, exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=confirmation, exact=True).click()


def expect_unknown(page: Page, camera: Camera, member: Member, *, look: int, count: int) -> None:
    send_snapshot(camera, photo(member, look))
    expect(items(page)).to_have_count(count)
    expect_newest(page, "Unknown face", "Unknown")
