"""What is done before a page's scripts have come is not lost: a slow line, a busy tablet."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from tests.e2e.cast import ADA, BRUNO
from tests.e2e.pages import add_camera


class HeldScripts:
    """Keeps the portal's modules and htmx back until they are released."""

    def __init__(self, page: Page) -> None:
        self._waiting: list[Route] = []

        def hold(route: Route) -> None:
            self._waiting.append(route)

        page.route("**/js/app.*.js", hold)
        page.route("**/htmx*.js", hold)

    def release(self) -> None:
        assert self._waiting, "no script was asked for: its name has changed"
        for route in self._waiting:
            route.continue_()


def test_a_press_is_done_when_the_scripts_are_there(page: Page) -> None:
    scripts = HeldScripts(page)
    page.goto("/system/tokens/", wait_until="commit")
    opener = page.get_by_role("button", name="New token")
    opener.click()
    opener.click()  # nothing happened, so people press again
    dialog = page.get_by_role("dialog", name="New token")
    expect(dialog).to_be_hidden()
    scripts.release()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    opener.click()
    expect(dialog).to_be_visible()


def test_a_search_that_was_typed_meanwhile_is_done(page: Page, known: None) -> None:
    scripts = HeldScripts(page)
    page.goto("/people/", wait_until="commit")
    page.get_by_role("searchbox", name="Search people").fill(ADA.name)
    expect(page.get_by_role("link", name=BRUNO.name)).to_be_visible()
    scripts.release()
    expect(page.get_by_role("link", name=BRUNO.name)).to_be_hidden()
    expect(page.get_by_role("link", name=ADA.name, exact=True)).to_be_visible()


def test_links_need_no_script(page: Page) -> None:
    HeldScripts(page)
    page.goto("/system/tokens/", wait_until="commit")
    page.get_by_role("navigation").get_by_role("link", name="People", exact=True).first.click()
    expect(page.get_by_role("heading", level=1, name="People")).to_be_visible()


def test_a_form_is_sent_after_the_press_before_it(page: Page) -> None:
    camera = add_camera(page, "Slow room", kind="Browser tab")
    page.goto(f"{camera.url}settings/")
    hours = page.get_by_role("group", name="Hours 1")
    hours.get_by_label("Mon").check()
    hours.get_by_label("From").fill("07:00")
    hours.get_by_label("Until").fill("18:00")
    save = page.get_by_role("button", name="Save the hours")
    save.click()
    expect(page.get_by_text("The hours are saved")).to_be_visible()

    scripts = HeldScripts(page)
    page.reload(wait_until="commit")
    hours.get_by_role("button", name="Clear").click()
    save.click()
    scripts.release()
    expect(page.get_by_text("The hours are saved")).to_be_visible()
    expect(hours.get_by_label("From")).to_have_value("")
