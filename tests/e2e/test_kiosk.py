"""A tablet at the door: by face, by PIN, and while the server is away."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e import axe
from tests.e2e.cast import BRUNO, THRESHOLD, jpeg
from tests.e2e.chromium import launch
from tests.e2e.conftest import listen
from tests.e2e.pages import cookies_of, enrol
from tests.faces import Light, Pose, render_face
from tests.integration.gatehouse import Gatehouse

# Where to leave pictures of the pages, for whoever wants to look at them.
SHOTS = os.environ.get("GATEHOUSE_SHOTS")
HELD_PICTURES = 75
# What arrives after fifteen seconds was kept on the tablet and did not just happen.
LATE_S = 16.0


@pytest.fixture(scope="module")
def system() -> Iterator[Gatehouse]:
    """A system of its own: nobody else's cameras see these people."""
    own = Gatehouse.create(GATEHOUSE_THRESHOLD=THRESHOLD)
    try:
        yield own.start()
    finally:
        own.discard()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bruno before the camera, hardly moving."""
    path = tmp_path_factory.mktemp("kiosk") / "webcam.mjpeg"
    pictures = [
        render_face(
            BRUNO.identity, pose=Pose(yaw=yaw), light=Light(azimuth=12), face_fraction=0.5, seed=31
        )
        for yaw in (3, 4)
    ]
    path.write_bytes(b"".join(jpeg(picture) * HELD_PICTURES for picture in pictures))
    return path


@pytest.fixture(scope="module")
def seeing(browser: Browser, film: Path) -> Iterator[Browser]:
    started = launch(
        browser.browser_type,
        flags=(
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={film}",
        ),
    )
    yield started
    started.close()


@pytest.fixture(scope="module")
def desk(browser: Browser, system: Gatehouse) -> Iterator[Page]:
    """The administrator's own browser, with Bruno enrolled."""
    context = browser.new_context(
        base_url=system.base_url, storage_state=cookies_of(browser, system)
    )
    axe.prepare(context)
    page = context.new_page()
    enrol(page, BRUNO)
    yield page
    context.close()


@pytest.fixture(scope="module")
def bruno_pin(desk: Page) -> tuple[str, str]:
    """Bruno's code and a PIN of his own."""
    desk.goto("/people/")
    desk.get_by_role("link", name=BRUNO.name).first.click()
    desk.get_by_role("button", name="Give a PIN").click()
    desk.get_by_role("dialog").locator("#pin").fill("271828")
    desk.get_by_role("dialog").locator("button[type=submit]").click()
    expect(desk.locator(".c-pin")).to_have_text("271828")
    return desk.locator("strong.u-mono").inner_text(), "271828"


@pytest.fixture
def tablet_of(
    seeing: Browser,
    system: Gatehouse,
    complaints: list[str],
    open_contexts: list[BrowserContext],
) -> Callable[..., Page]:
    """Opens the link of a kiosk in a browser that was never signed in."""

    def open_one(link: str, *, within: Browser = seeing) -> Page:
        context = within.new_context(
            base_url=system.base_url, viewport={"width": 1280, "height": 800}
        )
        open_contexts.append(context)
        axe.prepare(context)
        page = context.new_page()
        listen(page, complaints)
        page.goto(link)
        expect(page.locator("body")).to_have_attribute("data-state", "home")
        return page

    return open_one


def add_kiosk(desk: Page, name: str) -> str:
    """The link that its page shows once."""
    desk.goto("/attendance/kiosks/new/")
    desk.get_by_label("Name").fill(name)
    desk.get_by_role("button", name="Add kiosk").click()
    expect(desk.get_by_role("heading", name="Open this on the tablet")).to_be_visible()
    return desk.locator("pre", has_text="/kiosk/#").inner_text().strip()


def type_pin(tablet: Page, code: str, pin: str, direction: str) -> None:
    tablet.locator('[data-screen="home"] [data-open="pin"]').click()
    tablet.get_by_label("Your code", exact=True).fill(code)
    tablet.get_by_label("Your PIN").click()
    for digit in pin:
        tablet.locator(f'[data-key="{digit}"]').click()
    tablet.locator('[data-directions="pin"]').get_by_role("button", name=direction).click()


def wrong_screens(tablet: Page) -> dict[str, list[str]]:
    """What the accessibility check says of the screens that wait for somebody."""
    expect(tablet.locator("body")).to_have_attribute("data-state", "home")
    wrong = {"home": axe.check(tablet)}
    tablet.set_viewport_size({"width": 1280, "height": 800})
    for way in ("pin", "qr"):
        tablet.locator(f'[data-screen="home"] [data-open="{way}"]').click()
        wrong[way] = axe.check(tablet)
        picture(tablet, way)
        tablet.locator(f'[data-screen="{way}"] [data-back]').click()
    return {name: found for name, found in wrong.items() if found}


def picture(page: Page, name: str) -> None:
    """In several sizes and both themes, where somebody asked for pictures."""
    if not SHOTS:
        return
    for width, height in ((1280, 800), (800, 1280), (390, 844)):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 800})


def test_a_tablet_greets_by_name_and_takes_a_pin_from_whoever_shows_no_face(
    desk: Page,
    bruno_pin: tuple[str, str],
    tablet_of: Callable[..., Page],
    system: Gatehouse,
) -> None:
    code, pin = bruno_pin
    link = add_kiosk(desk, "Front tablet")
    picture(desk, "link")
    tablet = tablet_of(link)
    assert "#" not in tablet.url, "the key does not stay in the address"
    expect(tablet.locator("[data-video-message]")).to_be_hidden()
    picture(tablet, "home")

    tablet.locator('[data-directions="face"]').get_by_role("button", name="In").click()
    expect(tablet.locator("[data-result-title]")).to_have_text(
        re.compile(r"^Good (morning|afternoon|evening), Bruno$")
    )
    expect(tablet.locator("[data-result-text]")).to_have_text(re.compile(r"^in \d\d:\d\d$"))
    picture(tablet, "greeting")
    expect(tablet.locator("body")).to_have_attribute("data-state", "home", timeout=20_000)

    type_pin(tablet, code, "1729", "Out")
    expect(tablet.get_by_text("This code and PIN do not belong together.")).to_be_visible()
    expect(tablet.get_by_label("Your PIN")).to_have_value("")
    picture(tablet, "wrong-pin")
    for digit in pin:
        tablet.locator(f'[data-key="{digit}"]').click()
    tablet.locator('[data-directions="pin"]').get_by_role("button", name="Out").click()
    expect(tablet.locator("[data-result-title]")).to_contain_text("Bruno")
    expect(tablet.locator("[data-result-text]")).to_contain_text("out ")

    # Its link works for nobody else, and its cookie opens nothing of the portal.
    other = tablet.context.new_page()
    other.goto("/people/")
    expect(other).to_have_url(re.compile("/account/login/"))
    other.close()

    desk.goto("/attendance/kiosks/")
    desk.get_by_role("link", name="Front tablet").click()
    rows = desk.locator("#kiosk-events tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("PIN")
    expect(rows.nth(0)).to_contain_text(BRUNO.name)
    expect(rows.nth(1)).to_contain_text("code and PIN did not belong together")
    expect(rows.nth(2)).to_contain_text("Face")
    expect(rows.nth(2)).to_contain_text("Registered")
    picture(desk, "kiosk")


def is_kept(tablet: Page) -> bool:
    """Whether the tablet can do without the server: the page is kept, with all its parts."""
    return bool(
        tablet.evaluate(
            """async () => {
            const cache = await caches.open("gatehouse-kiosk-1");
            const kept = new Set((await cache.keys()).map((one) => new URL(one.url).pathname));
            const parts = performance.getEntriesByType("resource")
                .map((one) => new URL(one.name).pathname)
                .filter((path) => path.startsWith("/static/"));
            return parts.length > 8 && kept.has("/kiosk/") && parts.every((one) => kept.has(one));
        }"""
        )
    )


def test_what_is_registered_while_the_server_is_away_is_delivered_when_it_is_back(
    desk: Page,
    system: Gatehouse,
    bruno_pin: tuple[str, str],
    tablet_of: Callable[..., Page],
    complaints: list[str],
) -> None:
    code, pin = bruno_pin
    tablet = tablet_of(add_kiosk(desk, "Back tablet"))
    system.until(lambda: is_kept(tablet), within_s=20, what="the page with its parts is kept")
    tablet.context.set_offline(True)
    type_pin(tablet, code, pin, "In")
    expect(tablet.locator("[data-result-title]")).to_have_text(re.compile(r"^Noted at \d\d:\d\d$"))
    expect(tablet.locator("[data-link]")).to_have_text("No connection · 1 kept")
    picture(tablet, "noted")
    kept = tablet.evaluate(
        """async () => {
            const opening = indexedDB.open("gatehouse-kiosk", 1);
            await new Promise((done) => { opening.onsuccess = done; });
            const asked = opening.result.transaction("queue").objectStore("queue").getAll();
            await new Promise((done) => { asked.onsuccess = done; });
            return asked.result.map((one) =>
                one.event + String.fromCharCode(...one.sealed)).join("");
        }"""
    )
    assert pin not in kept
    assert code not in kept

    # Switched off and on again in the meantime.
    tablet.reload()
    expect(tablet.locator("body")).to_have_attribute("data-state", "home")
    expect(tablet.locator("[data-link]")).to_have_text("No connection · 1 kept")
    tablet.locator('[data-directions="face"]').get_by_role("button", name="Out").click()
    expect(tablet.locator("[data-result-title]")).to_contain_text("Noted at")
    expect(tablet.locator("[data-link]")).to_have_text("No connection · 2 kept")

    registered_at = time.monotonic()

    # Until it is of its own time and not of that of its delivery, the screens are looked at.
    assert [one for one in complaints if "ERR_INTERNET_DISCONNECTED" not in one] == []
    assert wrong_screens(tablet) == {}
    complaints.clear()  # of axe, which tries inline styles
    tablet.wait_for_timeout(1000 * max(0.0, LATE_S - (time.monotonic() - registered_at)))
    tablet.context.set_offline(False)
    expect(tablet.locator("[data-link]")).to_have_text("", timeout=60_000)
    desk.goto("/attendance/kiosks/")
    desk.get_by_role("link", name="Back tablet").click()
    rows = desk.locator("#kiosk-events tbody tr")
    expect(rows).to_have_count(2)
    for number, way in ((0, "Face"), (1, "PIN")):
        expect(rows.nth(number)).to_contain_text(way)
        expect(rows.nth(number)).to_contain_text("kept on the tablet")
    # The worker looks at the picture; nobody stands there and waits for it.
    expect(desk.locator("#kiosk-events tbody tr", has_text="Registered")).to_have_count(
        2, timeout=60_000
    )
    complaints[:] = [one for one in complaints if "ERR_INTERNET_DISCONNECTED" not in one]


def test_a_tablet_that_is_switched_off_says_so_and_a_link_opens_one_tablet(
    desk: Page, tablet_of: Callable[..., Page], open_contexts: list[BrowserContext]
) -> None:
    link = add_kiosk(desk, "Side tablet")
    tablet = tablet_of(link)
    second = open_contexts[-1].browser.new_context()  # type: ignore[union-attr]
    open_contexts.append(second)
    page = second.new_page()
    page.goto(link)
    expect(page.get_by_text("This link does not work", exact=True)).to_be_visible()

    desk.goto("/attendance/kiosks/")
    desk.get_by_role("link", name="Side tablet").click()
    desk.get_by_role("button", name="Switch off").first.click()
    desk.get_by_role("dialog").get_by_role("button", name="Switch off").click()
    expect(desk.get_by_text("Side tablet is switched off.")).to_be_visible()
    # Whoever wakes it hears so at once, and not with its next hello.
    tablet.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(tablet.get_by_text("This kiosk was switched off")).to_be_visible(timeout=40_000)
    assert tablet.evaluate("() => document.querySelector('video').srcObject") is None


def test_its_pages_are_accessible(desk: Page) -> None:
    add_kiosk(desk, "Checked tablet")
    wrong = {"link": axe.check(desk)}
    for path in ("", "new/"):
        desk.goto(f"/attendance/kiosks/{path}")
        wrong[path] = axe.check(desk)
    desk.goto("/attendance/kiosks/")
    desk.get_by_role("link", name="Checked tablet").click()
    expect(desk.get_by_role("heading", name="Checked tablet")).to_be_visible()
    wrong["detail"] = axe.check(desk)
    assert {name: found for name, found in wrong.items() if found} == {}
