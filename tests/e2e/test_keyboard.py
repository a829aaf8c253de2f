"""Everything can be done with the keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.cast import ADA, INES, photo, upload
from tests.e2e.pages import Enrolment

pytestmark = pytest.mark.usefixtures("known")


def tab_to(page: Page, *, name: str, most: int = 60) -> None:
    """Press Tab until the element of this accessible name has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(
            """(name) => {
                const at = document.activeElement;
                const own = at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent
                    ?? at.textContent;
                return own.trim().startsWith(name);
            }""",
            name,
        ):
            return
    raise AssertionError(f"{most} times Tab did not reach {name!r}")


def test_the_palette_finds_a_person_and_a_page(page: Page) -> None:
    page.goto("/system/")
    page.keyboard.press("Control+k")
    search = page.get_by_role("searchbox", name="Search people, cameras and pages")
    expect(search).to_be_focused()
    page.keyboard.type("ada ok")
    found = page.locator("[data-palette-item]")
    expect(found).to_have_count(1)
    expect(found).to_contain_text(ADA.name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=ADA.name)).to_be_visible()
    page.wait_for_load_state()  # keys are heard once the scripts are there

    page.keyboard.press("/")
    expect(search).to_be_focused()
    page.keyboard.type("came")
    expect(found.first).to_contain_text("Cameras")
    page.keyboard.press("ArrowDown")
    expect(found.first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(search).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Cameras")).to_be_visible()
    page.wait_for_load_state()

    page.keyboard.press("Control+k")
    page.keyboard.type("bru")
    page.keyboard.press("Escape")
    expect(search).to_be_hidden()


def test_the_first_tab_skips_to_the_content(page: Page) -> None:
    page.goto("/people/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_a_dialog_keeps_the_focus_and_gives_it_back(page: Page) -> None:
    page.goto("/system/tokens/")
    opener = page.get_by_role("button", name="New token")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="New token")
    expect(dialog).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        # Between the last and the first element the browser's own controls may have the focus.
        assert page.evaluate(
            "() => document.activeElement === document.body"
            " || document.activeElement.closest('dialog') !== null"
        )
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_the_account_menu_opens_and_closes_by_keyboard(page: Page) -> None:
    page.goto("/")
    menu = page.get_by_label("Your account")
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(menu).to_be_focused()


def test_somebody_is_enrolled_without_a_mouse(page: Page) -> None:
    file = upload("ines.jpg", photo(INES))
    page.on("filechooser", lambda chooser: chooser.set_files([file]))
    page.goto("/people/")
    tab_to(page, name="Enrol a person")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Enrol a person")).to_be_visible()
    enrolment = Enrolment(page)

    tab_to(page, name="Drop photos here, or choose them")
    page.keyboard.press("Enter")
    enrolment.expect_verdict("ines.jpg", "usable")

    tab_to(page, name="Continue: check")
    page.keyboard.press("Enter")
    # Each further step begins where it goes on from.
    expect(page.get_by_role("link", name="Continue: confirm")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type(INES.name)
    tab_to(page, name="The person agreed")
    page.keyboard.press("Space")
    tab_to(page, name="Enrol")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Is {INES.name} recognised now?")).to_be_visible()
    tab_to(page, name="Done")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name=INES.name)).to_be_visible()
