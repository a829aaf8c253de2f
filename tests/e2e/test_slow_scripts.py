"""What is done before a page's scripts have come is not lost: a slow line, a busy tablet."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.cast import ADA, BRUNO

Release = Callable[[], None]


@pytest.fixture
def held(page: Page) -> Release:
    """Keeps the portal's modules and htmx back until it is called."""
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route("**/js/app.*.js", hold)
    page.route("**/htmx*.js", hold)

    def release() -> None:
        assert waiting, "no script was asked for: its name has changed"
        for route in waiting:
            route.continue_()

    return release


def test_a_press_is_done_when_the_scripts_are_there(page: Page, held: Release) -> None:
    page.goto("/system/tokens/", wait_until="commit")
    opener = page.get_by_role("button", name="New token")
    opener.click()
    opener.click()  # nothing happened, so people press again
    dialog = page.get_by_role("dialog", name="New token")
    expect(dialog).to_be_hidden()
    held()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    opener.click()
    expect(dialog).to_be_visible()


def test_a_search_that_was_typed_meanwhile_is_done(page: Page, held: Release, known: None) -> None:
    page.goto("/people/", wait_until="commit")
    search = page.get_by_role("searchbox", name="Search people")
    search.fill(ADA.name)
    expect(page.get_by_role("link", name=BRUNO.name)).to_be_visible()
    held()
    expect(page.get_by_role("link", name=BRUNO.name)).to_be_hidden()
    expect(page.get_by_role("link", name=ADA.name, exact=True)).to_be_visible()


def test_links_need_no_script(page: Page, held: Release) -> None:
    page.goto("/system/tokens/", wait_until="commit")
    page.get_by_role("navigation").get_by_role("link", name="People", exact=True).first.click()
    expect(page.get_by_role("heading", level=1, name="People")).to_be_visible()
