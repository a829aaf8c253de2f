"""The review in the browser: one key a name, two officers at once, strangers named once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import axe
from tests.e2e.cast import ADA, BRUNO, CALLER, VISITOR, photo, upload
from tests.e2e.pages import add_camera, has_stayed, send_snapshot, stay
from tests.integration.gatehouse import Gatehouse

pytestmark = pytest.mark.usefixtures("known")


def seed(gatehouse: Gatehouse, *names: str) -> None:
    gatehouse.run_module("tests.e2e.review_seeding", *names)


def open_desk(page: Page) -> None:
    page.goto("/review/")
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    stay(page)


def question(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=f"Is this {name}?")).to_be_visible()


def test_one_key_confirms_and_the_others_queue_shrinks(
    open_page: Callable[..., Page], gatehouse: Gatehouse
) -> None:
    first, second = open_page(), open_page()
    for page in (first, second):
        open_desk(page)
        expect(page.get_by_text("No name waits for you")).to_be_visible()
    seed(gatehouse, BRUNO.name, ADA.name, BRUNO.name)
    for page in (first, second):
        page.goto("/review/")
        question(page, BRUNO.name)
        expect(page.locator("[data-waiting]")).to_have_text("3")
        expect(page.locator("html")).to_have_attribute("data-live", "open")
        stay(page)

    first.keyboard.press("y")
    expect(first.get_by_text(f"Confirmed as {BRUNO.name}.")).to_be_visible()
    question(first, ADA.name)
    # The other browser follows by itself.
    expect(second.locator("[data-waiting]")).to_have_text("2")
    question(second, ADA.name)

    # Skipped, the one below is shown; "no" is remembered.
    second.keyboard.press("s")
    question(second, BRUNO.name)
    second.keyboard.press("n")
    expect(second.get_by_text(f"Noted: not {BRUNO.name}.")).to_be_visible()
    expect(first.locator("[data-waiting]")).to_have_text("1")

    # Somebody else, found by a search, without the mouse.
    question(first, ADA.name)
    first.keyboard.press("u")
    dialog = first.get_by_role("dialog", name="Who is it?")
    dialog.get_by_role("searchbox").fill("Bruno")
    dialog.get_by_role("button", name=f"Choose {BRUNO.name}").click()
    expect(first.get_by_text(f"Named {BRUNO.name}.")).to_be_visible()
    expect(dialog).to_be_hidden()
    for page in (first, second):
        expect(page.get_by_text("No name waits for you")).to_be_visible()
        assert has_stayed(page)

    # Taken back by one key; it waits for both again.
    first.keyboard.press("z")
    expect(first.get_by_text("Taken back:")).to_be_visible()
    question(first, ADA.name)
    question(second, ADA.name)
    first.goto("/review/?mode=list")
    first.get_by_role("checkbox", name=f"It is {ADA.name}").check()
    first.get_by_role("button", name="Confirm those ticked").click()
    expect(first.get_by_text("1 name confirmed.")).to_be_visible()
    expect(second.get_by_text("No name waits for you")).to_be_visible()


def test_a_stranger_seen_twice_is_one_with_two_visits_named_once_and_taken_back(
    page: Page,
) -> None:
    doors = [add_camera(page, f"Review door {number}") for number in (1, 2)]
    page.goto("/review/strangers/")
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    page.get_by_label("Camera", exact=True).select_option(label=doors[1].name)
    # Half an hour ago at one door, now at the other.
    then = datetime.now(UTC) - timedelta(minutes=30)
    send_snapshot(doors[0], photo(CALLER, 3), captured_at=then)
    send_snapshot(doors[1], photo(CALLER, 4))
    card = page.locator("[data-stranger]")
    expect(card).to_have_count(1, timeout=90_000)
    expect(card).to_contain_text("2 visits", timeout=90_000)
    card.get_by_role("link", name=re.compile("^Stranger")).click()
    page.get_by_role("button", name="It is somebody known…").click()
    dialog = page.get_by_role("dialog", name="Who is it?")
    dialog.get_by_role("searchbox").fill("Ada")
    dialog.get_by_role("button", name=f"Choose {ADA.name}").click()
    expect(page.get_by_text(re.compile(rf"Stranger \d+ is {ADA.name}\."))).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back:")).to_be_visible()
    expect(page.get_by_role("button", name="It is somebody known…")).to_be_visible()


def test_a_search_by_a_photo_asks_for_a_reason_and_tells_what_was_compared(page: Page) -> None:
    page.goto("/review/search/")
    page.locator("input[name=photo]").set_input_files(upload("who.jpg", photo(CALLER, 4)))  # type: ignore[arg-type]
    expect(page.get_by_text("who.jpg")).to_be_visible()
    page.get_by_label("Reason").fill("Somebody opened the store at night")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_text(re.compile(r"\d+ visits? compared"))).to_be_visible()
    expect(page.get_by_alt_text("The face that was searched for")).to_be_visible()


def test_the_pages_are_accessible_and_fit(
    open_page: Callable[..., Page], gatehouse: Gatehouse, complaints: list[str]
) -> None:
    seed(gatehouse, ADA.name, BRUNO.name)
    page = open_page(reduced_motion="reduce")
    axe.prepare(page.context)
    send_snapshot(add_camera(page, "Review hall"), photo(VISITOR, 3))
    page.goto("/review/strangers/?state=all")
    expect(page.locator("[data-stranger]").first).to_be_visible(timeout=90_000)
    wrong = []
    for path in (
        "/review/",
        "/review/?mode=list",
        "/review/strangers/?state=all",
        "/review/search/",
    ):
        page.goto(path)
        wrong += [f"{path}: {found}" for found in axe.check(page)]
    page.goto("/review/strangers/?state=all")
    page.locator("[data-stranger] .c-row-link").first.click()
    wrong += axe.check(page)
    page.goto("/review/")
    page.get_by_role("button", name="Somebody else").click()
    expect(page.get_by_role("dialog").get_by_role("searchbox")).to_be_visible()
    wrong += axe.check(page)
    complaints.clear()
    assert wrong == []
