"""A roll-call on two phones: marked together, marked alone without a connection, and its report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e import axe
from tests.e2e.presence_seeding import act
from tests.integration.gatehouse import Gatehouse

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


def begin(page: Page, site: str, *, camera: str = "") -> str:
    """Start a drill as one does from the overview; returns its address."""
    page.goto("/attendance/roll-call/")
    card = page.locator(".c-muster-sites .c-card", has_text=site)
    card.get_by_role("link", name="Start a roll-call").click()
    page.get_by_role("radio", name="Drill").check()
    if camera:
        page.get_by_role("checkbox", name=camera).check()
    page.get_by_role("button", name="Start now").click()
    expect(page.get_by_role("heading", level=1, name=site)).to_be_visible()
    ready(page)
    return page.url


def ready(page: Page) -> None:
    expect(page.locator("[data-muster]")).to_have_attribute("data-ready", "true")
    expect(page.locator("html")).to_have_attribute("data-live", "open")


def counts(page: Page, *, missing: int, safe: int, excused: int = 0) -> None:
    for state, count in (("missing", missing), ("safe", safe), ("excused", excused)):
        expect(page.locator(f'[data-count="{state}"]')).to_have_text(str(count))


def row(page: Page, name: str) -> Locator:
    return page.locator("[data-entry]", has_text=name)


def safe(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"{name} is safe").click()


@pytest.fixture
def may_be_away(complaints: list[str]) -> Iterator[None]:
    """That the network is away is part of the test, and the browser may say so."""
    yield
    complaints[:] = [said for said in complaints if "ERR_INTERNET_DISCONNECTED" not in said]


@pytest.mark.usefixtures("may_be_away")
def test_a_drill_from_its_beginning_to_its_report(
    gatehouse: Gatehouse, open_page: Callable[..., Page]
) -> None:
    act(gatehouse, "here", "Pier", "Pier gate", "Nora Quist", "Olaf Ruud", "Pia Sand", "Quinn Toft")
    act(gatehouse, "assembly", "Pier", "Pier car park")
    act(gatehouse, "known", "Pier", "Rosa Ulve")
    first, second = open_page(**PHONE), open_page(**PHONE)
    address = begin(first, "Pier", camera="Pier car park")
    second.goto(address)
    ready(second)
    for page in (first, second):
        counts(page, missing=4, safe=0)
    expect(row(first, "Nora Quist")).to_contain_text("Pier gate")

    # One tap, and the other phone knows.
    safe(first, "Nora Quist")
    for page in (first, second):
        counts(page, missing=3, safe=1)
        expect(row(page, "Nora Quist")).to_be_hidden()

    # Without a connection one goes on marking; nobody hears of it yet.
    second.context.set_offline(True)
    safe(second, "Olaf Ruud")
    second.get_by_role("button", name="Pia Sand was not here").click()
    counts(second, missing=1, safe=2, excused=1)
    expect(second.locator("[data-line]")).to_contain_text("2 marks wait on this phone")
    counts(first, missing=3, safe=1)

    # Back again they are sent by themselves.
    second.context.set_offline(False)
    counts(first, missing=1, safe=2, excused=1)
    expect(second.locator("[data-line]")).to_be_hidden()

    # A mark that was wrong is taken back.
    first.get_by_label("Show", exact=True).select_option(label="Was not here")
    first.get_by_role("button", name="Undo: Pia Sand is missing").click()
    first.get_by_label("Show", exact=True).select_option(label="Missing")
    for page in (first, second):
        counts(page, missing=2, safe=2)

    # The camera at the meeting point marks by itself.
    act(gatehouse, "seen", "Pier car park", "Quinn Toft")
    for page in (first, second):
        counts(page, missing=1, safe=3)
    second.get_by_label("Search the list").fill("quinn")
    expect(row(second, "Quinn Toft")).to_contain_text("Pier car park")
    second.get_by_label("Search the list").fill("")

    # Somebody turns up whom nobody had seen coming.
    first.get_by_role("button", name="Add somebody").click()
    first.get_by_label("Search everybody").fill("rosa")
    first.get_by_role("button", name="Add Rosa Ulve as safe").click()
    first.get_by_role("dialog").get_by_text("Close", exact=True).click()
    for page in (first, second):
        counts(page, missing=1, safe=4)

    first.get_by_role("button", name="End the roll-call").click()
    dialog = first.get_by_role("dialog")
    expect(dialog).to_contain_text("1 person is still missing")
    dialog.get_by_label("Note").fill("The side door was locked")
    dialog.get_by_role("button", name="End it").click()
    expect(first.get_by_text("The side door was locked")).to_be_visible()
    expect(first.get_by_role("img", name="4 of 5 safe; 1 never accounted for")).to_be_visible()
    expect(second.locator("[data-line]")).to_contain_text("The roll-call is over")

    with first.expect_download() as download:
        first.get_by_role("link", name="CSV").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 6
    assert [line for line in lines if line.startswith("Pia Sand") and "Missing" in line]


@pytest.mark.usefixtures("may_be_away")
def test_marks_outlive_the_page_they_were_made_on(
    gatehouse: Gatehouse, open_page: Callable[..., Page]
) -> None:
    act(gatehouse, "here", "Mill", "Mill gate", "Sven Vik", "Tora Wold")
    page = open_page(**PHONE)
    address = begin(page, "Mill")
    page.context.set_offline(True)
    safe(page, "Sven Vik")
    expect(page.locator("[data-line]")).to_contain_text("1 mark waits")
    page.close()

    page.context.set_offline(False)
    again = page.context.new_page()
    again.goto(address)
    ready(again)
    counts(again, missing=1, safe=1)
    again.reload()
    counts(again, missing=1, safe=1)


@pytest.fixture
def filled(gatehouse: Gatehouse, open_page: Callable[..., Page]) -> list[str]:
    """The addresses of every page, with something on it."""
    act(gatehouse, "here", "Quay", "Quay gate", "Uma Xand", "Vera Yng")
    page = open_page()
    ended = begin(page, "Quay")
    safe(page, "Uma Xand")
    counts(page, missing=1, safe=1)
    page.get_by_role("button", name="End the roll-call").click()
    page.get_by_role("dialog").get_by_role("button", name="End it").click()
    expect(page.get_by_text("Who marked people safe")).to_be_visible()
    running = begin(page, "Quay")
    page.context.close()
    return ["/attendance/roll-call/", "/attendance/roll-call/on-site/", ended, running]


def test_its_pages_are_accessible_and_fit(
    filled: list[str], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    page = open_page(reduced_motion="reduce")
    axe.prepare(page.context)
    for address in filled:
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert complaints == []
        wrong = axe.check(page)
        complaints.clear()  # of axe
        assert wrong == []


def test_on_paper_everybody_is_listed_whatever_the_screen_shows(
    gatehouse: Gatehouse, open_page: Callable[..., Page]
) -> None:
    act(gatehouse, "here", "Dock", "Dock gate", "Wim Zaal", "Xena Aker")
    page: Any = open_page(**PHONE)
    begin(page, "Dock")
    safe(page, "Wim Zaal")
    counts(page, missing=1, safe=1)
    expect(row(page, "Wim Zaal")).to_be_hidden()
    page.emulate_media(media="print")
    for name in ("Wim Zaal", "Xena Aker"):
        expect(row(page, name)).to_be_visible()
    expect(page.get_by_role("button", name="Xena Aker is safe")).to_be_hidden()
