"""Adding a camera of each sort, and its settings: region by mouse, finger and keys, hours, address."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.e2e import axe
from tests.e2e.cast import ADA, photo
from tests.e2e.pages import add_camera, has_stayed, send_snapshot, stay


def corners(page: Page) -> Locator:
    return page.get_by_role("group", name="Corners of the region").get_by_role("button")


def place_of(handle: Locator) -> tuple[int, int]:
    """Per cent from the left and from the top, as a screen reader says it."""
    found = re.search(
        r"(\d+) % from the left, (\d+) % from", handle.get_attribute("aria-label") or ""
    )
    assert found is not None
    return int(found[1]), int(found[2])


def choose(page: Page, kind: str) -> None:
    page.goto("/cameras/new/")
    page.get_by_role("radio", name=kind).check()


def test_a_stream_is_added_by_its_address_which_is_not_shown_again(page: Page) -> None:
    choose(page, "Browser tab or phone")
    expect(page.get_by_label("Address")).to_be_hidden()
    page.get_by_role("radio", name="RTSP stream").check()
    page.get_by_label("Name", exact=True).fill("Harbour gate")
    page.get_by_label("Address").fill("rtsp://127.0.0.1/stream")
    page.get_by_label("User name").fill("viewer")
    page.get_by_role("textbox", name="Password").fill("harbour-secret")
    page.get_by_role("button", name="Add camera").click()
    expect(page.get_by_text("leads to the server itself")).to_be_visible()

    # Reserved for examples: nobody answers there.
    page.get_by_label("Address").fill("rtsp://192.0.2.77/stream")
    page.get_by_role("textbox", name="Password").fill("harbour-secret")
    page.get_by_role("button", name="Add camera").click()
    expect(page.get_by_role("heading", name="Settings of Harbour gate")).to_be_visible()
    expect(page.locator("[data-connection] .c-callout")).to_be_visible()
    expect(page.get_by_text("An address is stored. Enter a new one to replace it")).to_be_visible()
    content = page.content()
    assert "192.0.2.77" not in content
    assert "harbour-secret" not in content

    page.get_by_label("Address").fill("http://192.0.2.77/")
    page.get_by_role("button", name="Replace the address").click()
    expect(page.get_by_text("does not begin with rtsp://")).to_be_visible()
    page.get_by_label("Address").fill("rtsp://192.0.2.78/stream")
    page.get_by_role("button", name="Replace the address").click()
    expect(page.get_by_text("The new address is stored")).to_be_visible()

    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete the camera").click()
    expect(page.get_by_text("Harbour gate is deleted")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/cameras/$"))


def test_a_region_is_drawn_on_a_picture_that_appears_by_itself(
    page: Page, open_page: Callable[..., Page]
) -> None:
    camera = add_camera(page, "Quay door")
    page.set_viewport_size({"width": 1440, "height": 1400})  # the whole picture, to drag on it
    page.goto(f"{camera.url}settings/")
    expect(page.get_by_text("No picture yet")).to_be_visible()
    expect(page.get_by_role("button", name="Draw a region")).to_be_hidden()
    stay(page)
    send_snapshot(camera, photo(ADA, 3))
    expect(page.get_by_role("img", name="The last picture of Quay door")).to_be_visible()
    assert has_stayed(page)

    page.get_by_role("button", name="Draw a region").click()
    expect(corners(page)).to_have_count(4)
    expect(corners(page).first).to_be_focused()
    assert place_of(corners(page).first) == (15, 15)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowUp")
    assert place_of(corners(page).first) == (14, 10)
    page.get_by_role("button", name="Add a corner").click()
    expect(corners(page)).to_have_count(5)
    expect(corners(page).nth(1)).to_be_focused()
    page.keyboard.press("Delete")
    expect(corners(page)).to_have_count(4)

    drag(page, corners(page).nth(2), right=0.2, down=0.2)
    assert place_of(corners(page).nth(2)) == (100, 100), "no corner leaves the picture"
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    page.get_by_role("button", name="Save the region").click()
    expect(page.get_by_text("Faces within the region are looked at.")).to_be_visible()
    expect(corners(page)).to_have_count(4)
    assert place_of(corners(page).nth(2)) == (100, 100)

    phone = open_page(viewport={"width": 390, "height": 844}, has_touch=True)
    phone.goto(f"{camera.url}settings/")
    box = corners(phone).first.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44
    drag(phone, corners(phone).first, right=0.1, down=0.1)
    assert place_of(corners(phone).first) == (24, 20)
    phone.get_by_role("button", name="Whole picture").click()
    phone.get_by_role("button", name="Save the region").click()
    expect(phone.get_by_text("The whole picture is looked at.").first).to_be_visible()
    expect(corners(phone)).to_have_count(0)


def drag(page: Page, handle: Locator, *, right: float, down: float) -> None:
    """By parts of the picture's sides."""
    handle.scroll_into_view_if_needed()
    picture = page.get_by_role("img", name="The last picture of").bounding_box()
    start = handle.bounding_box()
    assert picture is not None
    assert start is not None
    x, y = start["x"] + start["width"] / 2, start["y"] + start["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right * picture["width"], y + down * picture["height"], steps=4)
    page.mouse.up()


def test_threshold_and_hours_are_set(page: Page) -> None:
    camera = add_camera(page, "Store room", kind="Browser tab")
    page.goto(f"{camera.url}settings/")
    slider = page.get_by_label("Stricter or more lenient")
    expect(page.get_by_text("As everywhere: a face needs 0.")).to_be_visible()
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_text("+0.05, stricter: a face needs 0.")).to_be_visible()
    page.get_by_label("Out", exact=True).check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The settings are saved")).to_be_visible()
    expect(slider).to_have_value("0.05")
    expect(page.get_by_label("Out", exact=True)).to_be_checked()

    page.get_by_role("button", name="More hours").click()
    second = page.get_by_role("group", name="Hours 2")
    second.get_by_label("Mon").check()
    second.get_by_label("From").fill("22:00")
    page.get_by_role("button", name="Save the hours").click()
    expect(page.get_by_text("Give a time such as 07:00")).to_be_visible()
    second.get_by_label("Until").fill("06:00")
    page.get_by_role("button", name="Save the hours").click()
    expect(page.get_by_text("The hours are saved")).to_be_visible()
    first = page.get_by_role("group", name="Hours 1")
    expect(first.get_by_label("Mon")).to_be_checked()
    expect(first.get_by_label("From")).to_have_value("22:00")
    first.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Save the hours").click()
    expect(first.get_by_label("From")).to_have_value("")


def test_both_pages_are_accessible(open_page: Callable[..., Page], complaints: list[str]) -> None:
    page = open_page(reduced_motion="reduce")
    axe.prepare(page.context)
    camera = add_camera(page, "Roof terrace")
    send_snapshot(camera, photo(ADA, 4))
    choose(page, "MJPEG stream")
    page.get_by_label("Address").fill("http://127.0.0.1/")
    page.get_by_role("button", name="Add camera").click()
    expect(page.get_by_text("This field is required.")).to_be_visible()
    assert complaints == []
    found = axe.check(page)
    complaints.clear()  # of axe itself
    page.goto(f"{camera.url}settings/")
    page.get_by_role("button", name="Draw a region").click()
    page.get_by_role("button", name="More hours").click()
    assert complaints == []
    assert [*found, *axe.check(page)] == []
    complaints.clear()  # of axe itself
