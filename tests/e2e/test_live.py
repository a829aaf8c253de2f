"""The Live page: whoever passes a camera appears in every browser by itself, and nobody is missed."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e import axe
from tests.e2e.cast import ADA, BRUNO, GRETA, PASSER, photo
from tests.e2e.pages import Camera, Events, add_camera, enrol, has_stayed, send_snapshot, stay
from tests.e2e.passing import Passers
from tests.integration.gatehouse import Gatehouse

pytestmark = pytest.mark.usefixtures("known")

CONFIRMED = {"decision": "match", "reason": "above_threshold", "is_confirmed": True, "score": 0.83}
LIKELY = {**CONFIRMED, "is_confirmed": False, "score": 0.81}


@pytest.fixture
def passers(gatehouse: Gatehouse) -> Passers:
    return Passers(gatehouse)


def open_live(page: Page, query: str = "") -> None:
    page.goto(f"/live/{query}")
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    stay(page)


def rows(page: Page) -> Locator:
    return page.locator("[data-live-rows] > [data-visit]")


def at(page: Page, camera: str) -> Locator:
    """The rows of one camera."""
    return page.locator(f'[data-visit][data-place="{camera}"]')


def expect_newest(page: Page, name: str, state: str | re.Pattern[str]) -> None:
    newest = rows(page).first
    expect(newest.locator(".c-visit__name")).to_have_text(name)
    expect(newest.locator(".c-visit__states")).to_contain_text(state)


def ids_of(page: Page, camera: str) -> list[str]:
    return at(page, camera).evaluate_all("(all) => all.map((one) => one.dataset.visit)")


NAMED = re.compile("Provisional|Confirmed")


def test_a_snapshot_appears_in_two_browsers_with_name_and_score(
    open_page: Callable[..., Page],
) -> None:
    first, second = open_page(), open_page()
    events = Events(first)
    camera = add_camera(first, "North door", place="Building A")
    for page in (first, second):
        open_live(page)
    events.clear()
    answer = send_snapshot(camera, photo(ADA, 3))
    assert answer["is_new"]
    for page in (first, second):
        expect_newest(page, ADA.name, NAMED)
        expect(rows(page).first).to_contain_text(re.compile(r"Score 0\.\d{3}"))
        expect(rows(page).first).to_contain_text(camera.name)
    events.expect("visits.changed")

    first.get_by_role("button", name="Pause").click()
    send_snapshot(camera, photo(BRUNO, 3))
    expect_newest(second, BRUNO.name, NAMED)
    expect(first.get_by_role("button", name="1 new")).to_be_visible()
    expect(rows(first).first).to_contain_text(ADA.name)
    first.get_by_role("button", name="Go on").click()
    expect_newest(first, BRUNO.name, NAMED)

    first.get_by_label("State").select_option(label="Unknown")
    send_snapshot(camera, photo(PASSER, 3))
    for page in (first, second):
        expect_newest(page, re.compile("Unknown|Stranger"), "Unknown")
    expect(at(first, camera.name)).to_have_count(1)
    expect(at(second, camera.name)).to_have_count(3)
    assert has_stayed(first)
    assert has_stayed(second)


def test_a_cameras_page_shows_its_visits_and_its_key_once(page: Page) -> None:
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
    # A camera for each time: who comes back to one at once is on the same visit still.
    doors = [add_camera(office, f"South door {number}") for number in range(4)]
    open_live(wall)

    pass_by(wall, doors[0], look=3, name=GRETA.name)

    press_and_confirm(office, person_url, "Suspend", "Suspend")
    expect(office.locator(".c-toasts")).to_contain_text("is no longer recognised")
    pass_by(wall, doors[1], look=4, name="")

    office.get_by_text("More", exact=True).first.click()
    office.get_by_role("button", name="Reinstate").click()
    expect(office.locator(".c-toasts")).to_contain_text("is recognised again")
    pass_by(wall, doors[2], look=0, name=GRETA.name)

    erase(office, person_url)
    pass_by(wall, doors[3], look=1, name="")
    wall.reload()
    expect(wall.get_by_text(GRETA.name)).to_have_count(0)
    assert office.goto(person_url).status == 404  # type: ignore[union-attr]


def pass_by(page: Page, camera: Camera, *, look: int, name: str) -> None:
    """Greta passes a camera; without a ``name`` as a stranger."""
    send_snapshot(camera, photo(GRETA, look))
    row = page.locator("[data-visit]", has_text=camera.name).first
    expect(row.locator(".c-visit__name")).to_have_text(name or re.compile("Unknown|Stranger"))


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


def test_a_likely_name_becomes_certain_in_its_place(page: Page, passers: Passers) -> None:
    open_live(page)
    (visit,) = passers.come(camera="Lane", person=ADA.name, **LIKELY)
    passers.come(camera="Lane")
    row = page.locator(f"#visit-{visit}")
    expect(row.locator(".c-visit__states")).to_contain_text("Provisional")
    row.evaluate("(one) => { one.isTheSameElement = true; }")
    row.locator("[data-visit-link]").focus()

    passers.change(visit, is_confirmed=True, faces_agreeing=4)
    expect(row.locator(".c-visit__states")).to_contain_text("Confirmed")
    assert row.evaluate("(one) => one.isTheSameElement && one.previousElementSibling !== null")
    expect(row.locator("[data-visit-link]")).to_be_focused()
    expect(page.locator("[data-live-said]")).to_contain_text(f"{ADA.name}, Lane")

    passers.change(visit, settled_as="refused", settled_by="olga@example.org", person=None)
    expect(row.locator(".c-visit__name")).to_have_text("Unknown face")


def test_nobody_is_missed_while_the_server_is_away(
    page: Page, gatehouse: Gatehouse, passers: Passers, complaints: list[str]
) -> None:
    (changed,) = passers.come(camera="Tunnel", person=BRUNO.name, **LIKELY)
    (absorbed,) = passers.come(camera="Tunnel")
    open_live(page)
    expect(at(page, "Tunnel")).to_have_count(2)
    passers.vanish(absorbed)
    os.kill(gatehouse.pid_of("portal.system.web"), signal.SIGKILL)
    expect(page.get_by_text("Connection lost, trying again…")).to_be_visible()
    missed = passers.come(camera="Tunnel", count=45, tell=False)
    passers.change(changed, tell=False, is_confirmed=True)
    gatehouse.until(
        lambda: gatehouse.get("/healthz") == 200, within_s=60, what="the web process again"
    )
    expect(page.locator("html")).to_have_attribute("data-live", "open", timeout=60_000)
    expect(at(page, "Tunnel")).to_have_count(46)
    assert ids_of(page, "Tunnel") == [*reversed(missed), changed]
    expect(page.locator(f"#visit-{changed}")).to_contain_text("Confirmed")
    assert has_stayed(page)
    # What Chromium itself says of a server that is away.
    assert all("ERR_" in said or "WebSocket" in said for said in complaints), complaints
    complaints.clear()


def test_a_page_keeps_no_more_rows_than_it_can_bear(page: Page, passers: Passers) -> None:
    open_live(page)
    came = passers.come(camera="Stadium", count=215, tell=False)
    page.evaluate("document.dispatchEvent(new CustomEvent('live:opened'))")
    expect(rows(page).first).to_have_attribute("data-visit", came[-1])
    expect(rows(page)).to_have_count(200)
    assert ids_of(page, "Stadium") == [*reversed(came)][:200]


def test_a_storm_of_events_is_few_questions(page: Page, passers: Passers) -> None:
    visits = passers.come(camera="Market", count=20)
    open_live(page)
    told = page.evaluate(
        """async (visits) => {
            const fetched = [];
            const real = window.fetch;
            window.fetch = (url, ...rest) => {
                fetched.push(String(url));
                return real(url, ...rest);
            };
            const began = performance.now();
            for (let number = 0; number < 300; number += 1) {
                const event = { type: "visits.changed", ids: [visits[number % 20]] };
                document.dispatchEvent(new CustomEvent("live:visits.changed",
                    { detail: { type: event.type, events: [event] } }));
                await new Promise((done) => setTimeout(done, 10));
            }
            const seconds = (performance.now() - began) / 1000;
            window.fetch = real;
            return { seconds, rows: fetched.filter((url) => url.includes("/stream/")).length,
                tiles: fetched.filter((url) => url.includes("/tiles/")).length };
        }""",
        visits,
    )
    # At most four a second and one more, and what fills a possible gap now and then.
    assert 1 <= told["rows"] <= 4 * told["seconds"] + 1 + 2 * (told["seconds"] / 15 + 1)
    assert 1 <= told["tiles"] <= told["seconds"] + 2


def test_a_paused_page_counts_what_comes_and_goes_on_where_it_was(
    page: Page, passers: Passers
) -> None:
    (before,) = passers.come(camera="Quay", person=ADA.name, **LIKELY)
    open_live(page)
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Go on")).to_have_attribute("aria-pressed", "true")
    came = passers.come(camera="Quay", count=3)
    passers.change(before, is_confirmed=True)
    expect(page.get_by_role("button", name="3 new")).to_be_visible()
    assert ids_of(page, "Quay") == [before]
    expect(page.locator(f"#visit-{before}")).to_contain_text("Provisional")
    page.keyboard.press("Space")
    expect(at(page, "Quay")).to_have_count(4)
    assert ids_of(page, "Quay") == [*reversed(came), before]
    expect(page.locator(f"#visit-{before}")).to_contain_text("Confirmed")
    expect(page.locator("[data-live-new]")).to_be_hidden()


def test_a_camera_is_chosen_by_its_tile_and_kept_in_the_address(
    page: Page, passers: Passers
) -> None:
    passers.come(camera="Roof", person=BRUNO.name, **CONFIRMED)
    passers.come(camera="Cellar")
    open_live(page)
    tile = page.locator(".c-camera-tile", has_text="Roof")
    expect(tile).to_contain_text(BRUNO.name)
    tile.get_by_role("link").click()
    expect(rows(page)).to_have_count(1)
    expect(at(page, "Roof")).to_have_count(1)
    expect(tile.get_by_role("link")).to_have_attribute("aria-current", "true")
    assert has_stayed(page)
    passers.come(camera="Cellar")
    passers.come(camera="Roof")
    expect(rows(page)).to_have_count(2)
    page.reload()
    expect(rows(page)).to_have_count(2)
    expect(page.get_by_label("Camera", exact=True)).to_have_value(re.compile("[0-9a-f-]{36}"))

    page.get_by_label("State").select_option(label="Confirmed")
    expect(rows(page)).to_have_count(1)
    page.get_by_label("Person").fill("nobody of this name")
    expect(page.get_by_text("No visit yet")).to_be_visible()
    assert "q=nobody" in page.url


def test_the_page_is_worked_by_keys_alone(page: Page, passers: Passers) -> None:
    older, newer = passers.come(camera="Bridge", person=ADA.name, count=2, **CONFIRMED)
    open_live(page)
    for key, visit in (("j", newer), ("ArrowDown", older), ("k", newer), ("ArrowUp", newer)):
        page.keyboard.press(key)
        expect(page.locator(f"#visit-{visit} [data-visit-link]")).to_be_focused()
    page.keyboard.press("f")
    expect(page.get_by_label("Person")).to_be_focused()
    page.keyboard.type("jk ?")
    expect(page.get_by_label("Person")).to_have_value("jk ?")
    page.get_by_label("Person").fill("")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Pause, and go on")
    page.keyboard.press("Escape")
    expect(rows(page).first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="A visit, and why it was decided so")).to_be_visible()


def test_sound_is_off_until_asked_for_and_is_for_strangers(page: Page, passers: Passers) -> None:
    open_live(page)
    page.evaluate(
        """() => {
            window.sounded = [];
            document.addEventListener("live:sounded", (event) => sounded.push(event.detail.state));
        }"""
    )
    passers.come(camera="Siding")
    expect(at(page, "Siding")).to_have_count(1)
    assert page.evaluate("sounded") == []
    page.get_by_role("button", name="Sound").click()
    expect(page.get_by_role("button", name="Sound on")).to_have_attribute("aria-pressed", "true")
    passers.come(camera="Siding", person=ADA.name, **CONFIRMED)
    expect(at(page, "Siding")).to_have_count(2)
    assert page.evaluate("sounded") == []
    passers.come(camera="Siding")
    expect(at(page, "Siding")).to_have_count(3)
    assert page.evaluate("sounded") == ["unknown"]
    page.reload()
    expect(page.get_by_role("button", name="Sound on")).to_be_visible()
    page.get_by_role("button", name="Sound on").click()


def test_the_page_of_a_visit_says_why_and_follows_it(
    page: Page, passers: Passers, complaints: list[str]
) -> None:
    axe.prepare(page.context)
    (visit,) = passers.come(
        camera="Arcade", person=ADA.name, threshold=0.8, margin=0.3,
        faces_agreeing=1, faces_usable=1, **LIKELY,
    )  # fmt: skip
    page.goto(f"/live/visits/{visit}/")
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    expect(page.get_by_text("0.800 is needed to be named")).to_be_visible()
    expect(page.get_by_text("provisional until more of them do")).to_be_visible()
    passers.change(visit, is_confirmed=True, faces_agreeing=4, faces_usable=5)
    expect(page.get_by_text("4 of 5 usable faces agree")).to_be_visible()
    assert complaints == []
    assert axe.check(page) == []
    complaints.clear()  # axe tries inline styles
