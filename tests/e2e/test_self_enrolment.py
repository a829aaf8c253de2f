"""A person enrols themselves on a phone, an administrator approves, and the next photo is known."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageFilter
from playwright.sync_api import Browser, Page, expect

from tests.e2e import axe
from tests.e2e.cast import ADA, JONAS, STRANGER, photo, upload
from tests.e2e.chromium import launch
from tests.e2e.pages import add_camera, send_snapshot

PHONE = {
    "storage_state": None,
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "reduced_motion": "reduce",
}


def blurred(file: bytes) -> bytes:
    soft = BytesIO()
    with Image.open(BytesIO(file)) as picture:
        picture.filter(ImageFilter.GaussianBlur(6)).save(soft, "JPEG", quality=92)
    return soft.getvalue()


def invite(page: Page, name: str) -> str:
    """Invite somebody new; returns the path of the link, which is shown this once."""
    page.goto("/people/invitations/new/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_alt_text(f"QR code with the link for {name}")).to_be_visible()
    link = page.locator(".c-links code").inner_text()
    return "/join/" + link.rpartition("/join/")[2]


def agree(phone: Page, link: str, signer: str) -> None:
    phone.goto(link)
    phone.get_by_label("Your full name").fill(signer)
    phone.get_by_label("I have read the text and agree").check()
    phone.get_by_role("button", name="Agree and go on").click()
    expect(phone.get_by_role("heading", name="Photos of your face")).to_be_visible()


def verdicts(phone: Page, *expected: str) -> None:
    own = phone.locator("#join-photos [data-verdict]")
    expect(own).to_have_count(len(expected))
    for number, verdict in enumerate(expected):
        expect(own.nth(number)).to_have_attribute("data-verdict", verdict)


def sound(page: Page, complaints: list[str]) -> None:
    """Accessible as it is now; axe itself breaks the page's policy, which is no complaint."""
    assert complaints == []
    size = page.viewport_size
    assert axe.check(page) == []
    assert size is not None
    page.set_viewport_size(size)
    complaints.clear()


def test_from_the_link_to_being_recognised(
    page: Page, open_page: Callable[..., Page], complaints: list[str]
) -> None:
    axe.prepare(page.context)
    link = invite(page, JONAS.name)
    sound(page, complaints)

    phone = open_page(**PHONE)
    axe.prepare(phone.context)
    phone.goto(link)
    expect(phone.get_by_role("heading", name=f"Hello {JONAS.name}")).to_be_visible()
    sound(phone, complaints)
    agree(phone, link, JONAS.name)
    assert phone.locator("#join-camera").get_attribute("capture") == "user"
    phone.locator("#join-camera").set_input_files([upload("me.jpg", photo(JONAS, 0))])  # type: ignore[arg-type]
    verdicts(phone, "usable")
    expect(phone.get_by_text("Still helpful")).to_be_visible()
    soft = upload("soft.jpg", blurred(photo(JONAS, 1)))
    essay = upload("essay.jpg", b"words")
    phone.locator("#join-files").set_input_files([soft, essay])  # type: ignore[arg-type]
    verdicts(phone, "usable", "poor")
    expect(phone.locator("[data-verdict=poor]")).to_contain_text("The face is blurred")
    expect(phone.locator(".c-refusal", has_text="essay.jpg")).to_contain_text("not a readable")
    sound(phone, complaints)

    # The phone dies; the same link goes on where it was.
    phone.context.close()
    phone = open_page(**PHONE)
    axe.prepare(phone.context)
    phone.goto(link)
    verdicts(phone, "usable", "poor")
    phone.locator("[data-verdict=poor]").get_by_role("button", name="Remove this photo").click()
    verdicts(phone, "usable")
    phone.locator("#join-files").set_input_files([upload("more.jpg", photo(JONAS, 2))])  # type: ignore[arg-type]
    verdicts(phone, "usable", "usable")
    phone.get_by_role("link", name="Go on").click()
    expect(phone.get_by_alt_text("A photo of yours")).to_have_count(2)
    sound(phone, complaints)
    phone.get_by_role("button", name="Send", exact=True).click()
    expect(phone.get_by_role("heading", name="Thank you")).to_be_visible()
    phone.goto(link)
    expect(phone.get_by_role("heading", name="This link does not work")).to_be_visible()
    sound(phone, complaints)

    page.goto("/people/")
    expect(page.get_by_role("link", name=re.compile("Invitations 1"))).to_be_visible()
    page.goto("/people/invitations/queue/")
    sound(page, complaints)
    page.get_by_role("link", name=JONAS.name).click()
    expect(page.get_by_text("127.0.0.1")).to_be_visible()
    sound(page, complaints)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text(f"{JONAS.name} is enrolled")).to_be_visible()
    page.goto("/people/invitations/")
    expect(page.get_by_role("row", name=re.compile(JONAS.name))).to_contain_text("Approved")
    sound(page, complaints)

    camera = add_camera(page, "Side door")
    page.goto("/live/")
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    send_snapshot(camera, photo(JONAS, 3))
    expect(page.get_by_role("region", name="Visits")).to_contain_text(JONAS.name)


def test_the_page_tells_nobody_whom_a_face_resembles(
    page: Page, open_page: Callable[..., Page], known: None
) -> None:
    link = invite(page, "Kim Sung")
    phone = open_page(**PHONE)
    agree(phone, link, "Kim Sung")
    expect(phone.get_by_text("Take a photo")).to_be_visible()
    expect(phone.get_by_role("button", name="Use the webcam")).to_be_hidden()
    phone.locator("#join-files").set_input_files([upload("me.jpg", photo(ADA, 3))])  # type: ignore[arg-type]
    verdicts(phone, "usable")
    expect(phone.get_by_text("belongs to")).to_have_count(0)
    phone.get_by_role("link", name="Go on").click()
    phone.get_by_role("button", name="Send", exact=True).click()
    expect(phone.get_by_role("heading", name="Thank you")).to_be_visible()

    page.goto("/people/invitations/queue/")
    page.get_by_role("link", name="Kim Sung").click()
    expect(page.get_by_role("heading", name=f"Is this {ADA.name}?")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    page.locator(".c-page-header").get_by_role("button", name="Decline").click()
    page.get_by_role("button", name="Delete what was sent in").click()
    expect(page.get_by_text("What Kim Sung sent in was deleted")).to_be_visible()


@pytest.mark.parametrize("step", ["before", "after agreeing"])
def test_whoever_does_not_want_this_says_so_and_the_administrator_reads_it(
    page: Page, open_page: Callable[..., Page], step: str
) -> None:
    name = f"Nora {step}"
    link = invite(page, name)
    phone = open_page(**PHONE)
    if step == "before":
        phone.goto(link)
        phone.get_by_role("button", name="I do not want this").click()
    else:
        agree(phone, link, name)
        phone.get_by_role("button", name="I do not want this any more").click()
    dialog = phone.get_by_role("dialog")
    dialog.get_by_role("button", name="I do not want this").click()
    expect(phone.get_by_role("heading", name="That is all right")).to_be_visible()

    page.goto("/people/invitations/queue/")
    row = page.get_by_role("listitem").filter(has_text=name)
    expect(row).to_contain_text("said no")
    row.get_by_role("button", name="Noted").click()
    expect(row).to_have_count(0)


def test_a_laptop_takes_the_picture_with_its_webcam(
    browser: Browser, page: Page, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    link = invite(page, "Lena Webb")
    film = tmp_path / "webcam.mjpeg"
    film.write_bytes(photo(STRANGER, 0) * 30)
    flags = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    with launch(browser.browser_type, flags=flags) as started:
        laptop = open_page(within=started, storage_state=None)
        agree(laptop, link, "Lena Webb")
        expect(laptop.get_by_text("Take a photo")).to_be_hidden()
        laptop.get_by_role("button", name="Use the webcam").click()
        laptop.get_by_role("button", name="Take the picture").click()
        verdicts(laptop, "usable")
        laptop.get_by_role("button", name="Close the webcam").click()
        expect(laptop.get_by_role("button", name="Take the picture")).to_be_hidden()


def test_those_ticked_in_the_list_are_invited_at_once(page: Page, known: None) -> None:
    page.goto("/people/")
    page.get_by_role("row", name=re.compile(ADA.name)).get_by_role("checkbox").check()
    page.get_by_role("button", name="Invite", exact=True).click()
    page.get_by_role("button", name="Make the links").click()
    expect(page.get_by_alt_text(f"QR code with the link for {ADA.name}")).to_be_visible()
    page.goto("/people/invitations/")
    row = page.get_by_role("row", name=re.compile(ADA.name))
    row.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("row", name=re.compile(ADA.name))).to_contain_text("Revoked")
