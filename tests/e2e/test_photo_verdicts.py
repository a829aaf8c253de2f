"""What is said about photos that cannot be enrolled, and that good ones beside them stay."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image, ImageFilter
from playwright.sync_api import Page, expect

from tests.e2e.cast import ADA, FARID, HUGO, VISITOR, jpeg, photo, upload
from tests.e2e.pages import Enrolment
from tests.faces import empty_room, render_face, render_scene

pytestmark = pytest.mark.usefixtures("known")


def blurred(file: bytes, radius_px: float) -> bytes:
    soft = BytesIO()
    with Image.open(BytesIO(file)) as picture:
        picture.filter(ImageFilter.GaussianBlur(radius_px)).save(soft, "JPEG", quality=92)
    return soft.getvalue()


def png_header(width: int, height: int) -> bytes:
    """The start of a PNG of this size; no pixels follow."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 1 << 20) + b"IDAT" + bytes(200)


def two_people() -> bytes:
    people = [(HUGO.identity, 30, 90, 300), (VISITOR.identity, 320, 120, 260)]
    return jpeg(render_scene(people, seed=5))


def test_each_photo_has_a_verdict_of_its_own_and_the_good_one_is_kept(page: Page) -> None:
    small = render_face(FARID.identity, size_px=(640, 480), face_fraction=0.12, seed=6)
    files = {
        "landscape.jpg": jpeg(empty_room(seed=4)),
        "far away.jpg": jpeg(small),
        "blurred.jpg": blurred(photo(FARID), 6.0),
        "Ada again.jpg": photo(ADA, 4),
        "essay.jpg": b"Dear reader, this is no picture at all.\n" * 40,
        "cut off.jpg": photo(FARID, 1)[:4000],
        "empty.jpg": b"",
        "bomb.png": png_header(60_000, 60_000),
        "good.jpg": photo(FARID, 0),
    }
    verdicts = {
        "landscape.jpg": ("no_face", "No face was found."),
        "far away.jpg": ("poor", "The face is too small"),
        "blurred.jpg": ("poor", "The face is blurred"),
        "Ada again.jpg": ("other_person", f"This face belongs to {ADA.name} already"),
        "good.jpg": ("usable", "Good: quality"),
    }
    refusals = {
        "essay.jpg": "not a readable picture",
        "cut off.jpg": "The picture is cut off",
        "empty.jpg": "The file is empty (0 bytes).",
        "bomb.png": "60000 × 60000 px (3600 megapixels); the limit is",
    }
    enrolment = Enrolment.start(page)
    enrolment.add([upload(name, data) for name, data in files.items()])
    for name, (verdict, text) in verdicts.items():
        enrolment.expect_verdict(name, verdict, text)
    for name, text in refusals.items():
        expect(page.locator(".c-refusal", has_text=name)).to_contain_text(text)
    expect(page.locator("article.c-photo")).to_have_count(len(verdicts))
    expect(page.get_by_role("status").filter(has_text="usable")).to_contain_text("1 of 5 photos")


def test_the_face_that_is_meant_is_picked_among_several(page: Page) -> None:
    enrolment = Enrolment.start(page)
    enrolment.add([upload("both.jpg", two_people())])
    enrolment.expect_verdict("both.jpg", "several_faces", "There are 2 faces in this photo.")
    card = enrolment.photo("both.jpg")
    faces = card.get_by_role("group", name="Pick the face that is meant").get_by_role("button")
    expect(faces).to_have_count(2)
    for chosen, other in ((0, 1), (1, 0)):
        faces.nth(chosen).click()
        expect(faces.nth(chosen)).to_have_attribute("aria-pressed", "true")
        expect(faces.nth(other)).to_have_attribute("aria-pressed", "false")
        enrolment.expect_verdict("both.jpg", "usable")


def test_a_photo_can_be_removed_and_a_missing_consent_costs_nothing(page: Page) -> None:
    enrolment = Enrolment.start(page)
    enrolment.add([upload("one.jpg", photo(FARID, 3)), upload("two.jpg", photo(FARID, 4))])
    enrolment.photo("two.jpg").get_by_role("button", name="Remove").click()
    expect(page.locator("article.c-photo")).to_have_count(1)
    enrolment.check()
    enrolment.go_on("confirm")
    page.get_by_label("Name").fill("Nobody Yet")
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.locator(".c-field__error, .c-callout--danger").first).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Nobody Yet")
    page.get_by_role("link", name="Photos", exact=True).click()
    expect(enrolment.photo("one.jpg")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Delete the photos").click()
    expect(page.get_by_text("its photos were deleted")).to_be_visible()
    expect(page.get_by_role("link", name="Nobody Yet")).to_have_count(0)
