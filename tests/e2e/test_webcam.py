"""A browser with a webcam: as a camera at the door, to be coached by, and to walk past."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.cast import BRUNO, KOFI, VISITOR, Member, jpeg
from tests.e2e.chromium import launch
from tests.e2e.pages import Enrolment, add_camera
from tests.faces import Light, Pose, render_face
from tests.integration.gatehouse import Gatehouse

pytestmark = pytest.mark.usefixtures("known")


HELD_PICTURES = 75


@pytest.fixture
def in_front_of_webcam(
    browser: Browser, open_page: Callable[..., Page], tmp_path: Path
) -> Iterator[Callable[..., Page]]:
    """Opens a browser whose webcam sees somebody."""
    started: list[Browser] = []

    def open_one(member: Member, *poses: Pose) -> Page:
        film = tmp_path / "webcam.mjpeg"
        pictures = [
            render_face(
                member.identity, pose=pose, light=Light(azimuth=12), face_fraction=0.5, seed=31
            )
            for pose in poses or (Pose(yaw=3),)
        ]
        # Chromium shows 30 pictures a second, and begins again at the end.
        film.write_bytes(b"".join(jpeg(picture) * HELD_PICTURES for picture in pictures))
        started.append(
            launch(
                browser.browser_type,
                flags=(
                    "--use-fake-device-for-media-stream",
                    "--use-fake-ui-for-media-stream",
                    f"--use-file-for-fake-video-capture={film}",
                ),
            )
        )
        return open_page(within=started[0])

    yield open_one
    for one in started:
        one.close()


def test_a_browser_tab_is_a_camera(in_front_of_webcam: Callable[..., Page]) -> None:
    page = in_front_of_webcam(BRUNO)
    add_camera(page, "Reception tablet", kind="Browser tab")
    page.get_by_role("link", name="Open the webcam").click()
    expect(page.get_by_text("The camera is off.")).to_be_visible()
    page.get_by_role("button", name="Start").click()
    overlay = page.locator("[data-webcam-overlay]")
    expect(overlay).to_contain_text(BRUNO.name)
    expect(overlay).to_contain_text("Match")
    expect(overlay.locator("rect.c-boxes__box--match")).to_have_count(1)
    expect(page.locator(".c-feed li").first).to_contain_text(BRUNO.name)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("The camera is off.")).to_be_visible()
    expect(overlay.locator("rect")).to_have_count(0)


def test_the_webcam_coaches_and_takes_the_pictures_itself(
    in_front_of_webcam: Callable[..., Page],
) -> None:
    """Somebody turns the head as they are told; nobody touches a button until the last one."""
    page = in_front_of_webcam(KOFI, Pose(), Pose(yaw=31), Pose(yaw=-31))
    enrolment = Enrolment.start(page)
    page.get_by_role("button", name="Use the webcam").click()
    expect(page.get_by_text("Asking for the camera")).to_be_hidden()
    expect(page.get_by_role("button", name="Take a photo")).to_be_focused()
    advice = page.locator("[data-coach-advice]")
    expect(advice).not_to_be_empty()
    for angle in ("front", "left", "right"):
        item = page.locator(f'[data-angle="{angle}"]')
        expect(item).to_have_attribute("data-state", "done", timeout=60_000)
    expect(page.locator("article.c-photo")).to_have_count(3)
    for number in range(3):
        card = page.locator("article.c-photo").nth(number)
        expect(card).to_have_attribute("data-verdict", "usable")
    # Up and down are a bonus.
    page.get_by_role("button", name="Skip this angle").click()
    page.get_by_role("button", name="Skip this angle").click()
    expect(page.get_by_text("All angles are done. The camera is off.").first).to_be_visible()
    expect(page.get_by_role("link", name="Continue: check the photos")).to_be_focused()

    enrolment.check()
    expect(page.get_by_text("All 3 photos will be used")).to_be_visible()
    expect(page.get_by_text("Front, left and right are there")).to_be_visible()
    enrolment.go_on("confirm")
    enrolment.fill(KOFI.name)
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.get_by_role("heading", name=f"Is {KOFI.name} recognised now?")).to_be_visible()
    page.get_by_role("button", name="Start the test").click()
    result = page.locator("[data-walk-result]")
    expect(result).to_contain_text(f"Recognised as {KOFI.name}")
    expect(result).to_contain_text("at threshold 0.80")
    page.get_by_role("button", name="Stop").click()
    page.goto("/live/")
    expect(page.locator("[data-visit]", has_text=KOFI.name)).to_have_count(0)


def test_a_photo_can_be_taken_by_hand_and_the_webcam_closed(
    in_front_of_webcam: Callable[..., Page],
) -> None:
    page = in_front_of_webcam(VISITOR, Pose(pitch=25))
    Enrolment.start(page)
    page.get_by_role("button", name="Use the webcam").click()
    page.get_by_role("button", name="Take a photo").press("Enter")
    expect(page.locator("article.c-photo")).to_have_count(1)
    page.get_by_role("button", name="Close the webcam").press("Enter")
    expect(page.locator("[data-coach-video]")).to_be_hidden()
    expect(page.get_by_role("button", name="Use the webcam")).to_be_focused()


def test_a_webcam_that_is_closed_before_it_was_given_goes_off_again(
    gatehouse: Gatehouse, in_front_of_webcam: Callable[..., Page]
) -> None:
    page = in_front_of_webcam(VISITOR)
    page.add_init_script("""
        const devices = navigator.mediaDevices;
        const give = devices.getUserMedia.bind(devices);
        const leave = Promise.withResolvers();
        devices.getUserMedia = async (wishes) => {
          await leave.promise;
          globalThis.given = await give(wishes);
          return globalThis.given;
        };
        globalThis.allow = leave.resolve;
    """)
    Enrolment.start(page)
    page.get_by_role("button", name="Use the webcam").click()
    expect(page.get_by_role("button", name="Take a photo")).to_be_disabled()
    page.get_by_role("button", name="Close the webcam").click()
    page.evaluate("allow()")
    ended = "() => globalThis.given?.getTracks().every((one) => one.readyState === 'ended')"
    gatehouse.until(lambda: page.evaluate(ended), within_s=20, what="the camera is off")
    expect(page.locator("[data-coach-video]")).to_be_hidden()
    page.get_by_role("button", name="Use the webcam").click()
    expect(page.get_by_role("button", name="Take a photo")).to_be_enabled()
