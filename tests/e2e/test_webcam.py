"""A browser with a webcam: as a camera at the door, and to take photos for an enrolment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.cast import BRUNO, JONAS, Member, jpeg
from tests.e2e.chromium import launch
from tests.e2e.pages import Enrolment, add_camera
from tests.faces import Light, Pose, render_face

pytestmark = pytest.mark.usefixtures("known")


@pytest.fixture
def in_front_of_webcam(
    browser: Browser, open_page: Callable[..., Page], tmp_path: Path
) -> Iterator[Callable[[Member], Page]]:
    """Opens a browser whose webcam sees somebody."""
    started: list[Browser] = []

    def open_one(member: Member) -> Page:
        film = tmp_path / "webcam.mjpeg"
        picture = render_face(
            member.identity, pose=Pose(yaw=3), light=Light(azimuth=12), face_fraction=0.6, seed=31
        )
        film.write_bytes(jpeg(picture) * 10)
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


def test_a_browser_tab_is_a_camera(in_front_of_webcam: Callable[[Member], Page]) -> None:
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


def test_the_webcam_takes_photos_for_an_enrolment(
    in_front_of_webcam: Callable[[Member], Page],
) -> None:
    page = in_front_of_webcam(JONAS)
    enrolment = Enrolment.start(page)
    page.get_by_role("button", name="Use the webcam").click()
    expect(page.get_by_text("Asking for the camera")).to_be_hidden()
    page.get_by_role("button", name="Take a photo").click()
    card = page.locator("article.c-photo")
    expect(card).to_have_attribute("data-verdict", "usable")
    expect(card).to_contain_text("Webcam")
    page.get_by_role("button", name="Close the webcam").click()
    expect(page.locator("[data-webcam-video]")).to_be_hidden()
    enrolment.confirm(JONAS.name)
