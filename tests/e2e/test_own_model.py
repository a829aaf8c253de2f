"""A model of the site's own in the browser: too few people, and one that is better, to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from recognition.adaptation.sample import MIN_PEOPLE
from tests.e2e import axe
from tests.e2e.cast import THRESHOLD, jpeg
from tests.e2e.pages import add_camera, send_snapshot, sign_in
from tests.faces import Light, Pose, name_of, render_face
from tests.integration.gatehouse import Gatehouse

SHIPPED = "sface-2021dec"
# Somebody's, as the camera of the site shows it: yaw, pitch and where the light comes from.
LOOKS = ((-6, 2, -25), (5, -4, 10), (9, 5, 30), (-12, 0, -5))
SHARP = 2


def test_with_too_few_people_the_page_says_what_is_missing_and_offers_nothing(
    browser, gatehouse: Gatehouse, signed_in, known: None
) -> None:
    context = browser.new_context(base_url=gatehouse.base_url, storage_state=signed_in)
    axe.prepare(context)
    page = context.new_page()
    page.goto("/calibration/model/")
    page.get_by_role("link", name="Adapt to our cameras").click()
    expect(page).to_have_url(f"{gatehouse.base_url}/calibration/own-model/")
    expect(page.get_by_text("Too few people yet")).to_be_visible()
    expect(page.get_by_text("more such people are needed")).to_be_visible()
    expect(page.get_by_role("button", name=f"Adapt {SHIPPED}")).to_have_count(0)
    assert axe.check(page) == []

    page.get_by_text("What is done, and what is not").click()
    expect(page.get_by_text("to change nothing is always one of the choices")).to_be_visible()
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
    context.close()


@pytest.fixture
def blurred(tmp_path: Path) -> Iterator[Gatehouse]:
    """A site whose camera is out of focus and yellow: half of everybody's pictures are its own."""
    noise = np.random.default_rng(3)
    for identity in range(MIN_PEOPLE):
        folder = tmp_path / name_of(identity)
        folder.mkdir()
        for number in range(len(LOOKS)):
            drawn = look(identity, number)
            if number >= SHARP:
                drawn = out_of_focus(drawn, noise)
            (folder / f"{number}.jpg").write_bytes(jpeg(drawn))
    system = Gatehouse.create(GATEHOUSE_THRESHOLD=THRESHOLD)
    try:
        system.start()
        system.run_module("tests.e2e.seeding", str(tmp_path))
        yield system
    finally:
        system.discard()


def look(identity: int, number: int) -> np.ndarray:
    yaw, pitch, azimuth = LOOKS[number]
    return render_face(
        identity,
        pose=Pose(yaw=yaw, pitch=pitch),
        light=Light(azimuth=azimuth),
        face_fraction=0.5,
        seed=100 * identity + number,
    )


def out_of_focus(picture: np.ndarray, noise: np.random.Generator) -> np.ndarray:
    soft = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 4)
    yellow = soft * (0.8, 0.7, 0.4) + noise.normal(scale=6, size=soft.shape)
    return yellow.clip(0, 255).astype(np.uint8)


def test_a_better_model_is_made_prepared_used_left_and_removed(
    blurred: Gatehouse, open_page: Callable[..., Page], complaints: list[str]
) -> None:
    page = open_page(base_url=blurred.base_url, storage_state=None, reduced_motion="reduce")
    axe.prepare(page.context)
    sign_in(page, base_url=blurred.base_url, email=blurred.email, password=blurred.password)
    page.goto("/calibration/own-model/")
    page.get_by_role("button", name=f"Adapt {SHIPPED}").click()
    expect(page.get_by_text(f"Better than {SHIPPED} on people that it never saw")).to_be_visible(
        timeout=60_000
    )
    compared = page.get_by_role("region", name="Comparison with the model in use")
    expect(compared.get_by_role("row")).to_have_count(4)
    assert complaints == []
    assert axe.check(page) == []
    complaints.clear()  # of axe, whose styles the policy refuses

    prepare = page.get_by_role("button", name="Prepare ")
    expect(prepare).to_be_visible()
    own = str(prepare.get_attribute("aria-label")).removeprefix("Prepare ")
    prepare.click()
    expect(page.get_by_role("heading", name=f"{own} is in shadow")).to_be_visible(timeout=120_000)
    page.get_by_text("By hand", exact=True).click()
    page.get_by_role("spinbutton", name="Threshold").fill("0.70")
    page.get_by_role("textbox", name="Why").last.fill("Drawn people are alike")
    page.get_by_role("button", name="Save the threshold said by hand").click()
    page.get_by_role("button", name="Use this model").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Use this model").click()
    expect(page.get_by_text(f"Faces are recognised by {own}")).to_be_visible()

    page.goto("/calibration/own-model/")
    expect(page.get_by_role("button", name=f"Remove {own}")).to_have_count(0)
    send_snapshot(add_camera(page, "Own gate"), jpeg(look(5, 0)))
    expect(page.locator(".c-feed li").first).to_contain_text(name_of(5))

    page.goto("/calibration/model/")
    page.get_by_role("button", name=f"Go back to {SHIPPED}").click()
    page.get_by_role("dialog").get_by_role("button", name="Go back").click()
    expect(page.get_by_text(f"Faces are recognised by {SHIPPED}")).to_be_visible()
    page.goto("/calibration/own-model/")
    page.get_by_role("button", name=f"Remove {own}").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Removed", exact=True)).to_be_visible()
    assert complaints == []
