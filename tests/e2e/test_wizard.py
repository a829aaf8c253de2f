"""The wizard in the browser: what is asked, the three ways on, and the way back."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.cast import ADA, BRUNO, FARID, VISITOR, photo, upload
from tests.e2e.pages import Enrolment

pytestmark = pytest.mark.usefixtures("known")


def saved_anew(file: bytes) -> bytes:
    """The same picture, a little darker and smaller, as messengers make it."""
    again = BytesIO()
    with Image.open(BytesIO(file)) as picture:
        small = picture.resize((picture.width * 8 // 10, picture.height * 8 // 10))
        small.point(lambda level: int(level * 0.93)).save(again, "JPEG", quality=70)
    return again.getvalue()


def stopped_by(page: Page, *files: tuple[str, bytes]) -> Enrolment:
    """At the third step, with a photo of somebody who is enrolled."""
    enrolment = Enrolment.start(page)
    enrolment.add([upload(name, data) for name, data in files])
    enrolment.expect_verdict(files[0][0], "other_person")
    enrolment.check()
    expect(page.get_by_text("Somebody has this face already")).to_be_visible()
    expect(page.get_by_role("link", name="Continue: confirm")).to_have_count(0)
    enrolment.go_on("look-alikes")
    return enrolment


def give_up(page: Page) -> None:
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Delete the photos").click()
    expect(page.get_by_text("its photos were deleted")).to_be_visible()


def test_a_known_face_is_shown_beside_the_enrolled_one_and_joins_that_person(page: Page) -> None:
    stopped_by(page, ("ada.jpg", photo(ADA, 3)))
    card = page.locator(".c-card", has_text=f"Is this {ADA.name}?")
    expect(card.locator(".c-pair__faces img")).to_have_count(2)
    expect(card).to_contain_text(re.compile(r"Similarity 0\.\d\d; .* from 0\.80 on"))
    page.get_by_role("button", name="Same person").click()
    expect(page.get_by_role("heading", name=f"Add photos of {ADA.name}")).to_be_visible()
    expect(page.get_by_text("The photo will be used")).to_be_visible()
    Enrolment(page).go_on("confirm")
    expect(page.get_by_text("is on record since")).to_be_visible()
    give_up(page)
    expect(page.get_by_role("heading", level=1, name=ADA.name)).to_be_visible()


def test_a_look_alike_is_noted_and_the_enrolment_goes_on(page: Page) -> None:
    enrolment = stopped_by(page, ("bruno.jpg", photo(BRUNO, 3)))
    page.get_by_role("button", name="Different person").click()
    expect(page.get_by_text("two people who look alike")).to_be_visible()
    expect(page.get_by_label("Name")).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Check").first.click()
    enrolment.expect_verdict("bruno.jpg", "usable")
    give_up(page)


def test_the_third_way_keeps_nothing(page: Page) -> None:
    stopped_by(page, ("ada.jpg", photo(ADA, 4)))
    address = page.url
    page.get_by_role("button", name="Cancel the enrolment").click()
    page.get_by_role("button", name="Delete the photos").click()
    expect(page.get_by_text("its photos were deleted")).to_be_visible()
    page.goto(address)
    expect(page.get_by_text("has ended already")).to_be_visible()


def test_a_wrong_photo_is_set_aside_and_taken_in_by_an_answer_only(page: Page) -> None:
    enrolment = Enrolment.start(page)
    files = {"one.jpg": photo(FARID, 0), "two.jpg": photo(FARID, 2), "odd.jpg": photo(VISITOR, 0)}
    enrolment.add([upload(name, data) for name, data in files.items()])
    enrolment.expect_verdict("odd.jpg", "unlike", "0.42 is needed")
    enrolment.check()
    expect(page.get_by_text("2 of 3 photos will be used")).to_be_visible()
    expect(page.get_by_text("may show another person")).to_be_visible()
    page.get_by_role("button", name="It is this person: use it").click()
    enrolment.expect_verdict("odd.jpg", "usable")
    expect(page.get_by_text("All 3 photos will be used")).to_be_visible()
    give_up(page)


def test_a_photo_sent_twice_is_kept_once(page: Page) -> None:
    enrolment = Enrolment.start(page)
    good = photo(FARID, 1)
    enrolment.add([upload("good.jpg", good), upload("forwarded.jpg", saved_anew(good))])
    expect(page.locator('[data-verdict="repeated"]')).to_have_count(1)
    expect(page.locator('[data-verdict="usable"]')).to_have_count(1)
    give_up(page)


def test_every_step_has_an_address_and_back_leads_to_the_one_before(page: Page) -> None:
    enrolment = Enrolment.start(page)
    enrolment.add([upload("one.jpg", photo(FARID, 3))])
    enrolment.expect_verdict("one.jpg", "usable")
    enrolment.check()
    checked = page.url
    enrolment.go_on("confirm")
    expect(page.get_by_label("Name")).to_be_focused()
    page.go_back()
    expect(page).to_have_url(checked)
    expect(page.locator("[aria-current=step]")).to_contain_text("Check")
    page.goto("/people/")
    page.goto(checked)
    enrolment.expect_verdict("one.jpg", "usable")
    give_up(page)
