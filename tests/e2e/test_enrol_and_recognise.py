"""The main road: three people are enrolled in the browser and recognised in new photos."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.cast import CHLOE, DAVID, EDITH, STRANGER, VISITOR, photo, upload
from tests.e2e.pages import Enrolment, Events, drop_files, has_stayed, sign_in, stay
from tests.integration.gatehouse import Gatehouse
from tests.realdata import real_photos as lfw_photos


@dataclass(frozen=True, slots=True)
class Photos:
    """Photos of three people to enrol, one probe of each, and two strangers."""

    enrolled: Mapping[str, list[bytes]]
    probes: Mapping[str, bytes]
    strangers: list[bytes]


def drawn_photos() -> Photos:
    cast = (CHLOE, DAVID, EDITH)
    return Photos(
        enrolled={who.name: [photo(who, look) for look in range(3)] for who in cast},
        probes={who.name: photo(who, 3) for who in cast},
        strangers=[photo(STRANGER, 3), photo(VISITOR, 3)],
    )


def real_photos() -> Photos:
    folder = lfw_photos("lfw_small")

    def read(name: str, number: int) -> bytes:
        return (folder / "known" / name / f"{name}_{number:04}.jpg").read_bytes()

    # Photos with one face each, good enough to enrol.
    cast = {
        "Bill_Graham": (1, 8, 7, 4),
        "Bob_Stoops": (2, 4, 5, 7),
        "Gerry_Adams": (3, 6, 7, 2),
    }
    return Photos(
        enrolled={name: [read(name, n) for n in numbers[:3]] for name, numbers in cast.items()},
        probes={name: read(name, numbers[3]) for name, numbers in cast.items()},
        strangers=[
            (folder / "unknown" / f"{name}_0001.jpg").read_bytes()
            for name in ("Bob_Menendez", "Chris_Hernandez")
        ],
    )


@pytest.fixture
def real_page(browser: Browser, open_page: Callable[..., Page]) -> Iterator[Page]:
    """A page of a system with the shipped threshold, for real photos."""
    system = Gatehouse.create()
    try:
        system.start()
        page = open_page(base_url=system.base_url, storage_state=None)
        sign_in(page, base_url=system.base_url, email=system.email, password=system.password)
        yield page
        page.context.close()
    finally:
        system.discard()


def test_three_drawn_people_are_enrolled_and_recognised(page: Page, tmp_path: Path) -> None:
    walk_the_main_road(page, drawn_photos(), tmp_path)


@pytest.mark.realdata
def test_three_real_people_are_enrolled_and_recognised(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    photos = real_photos()
    walk_the_main_road(request.getfixturevalue("real_page"), photos, tmp_path)


def walk_the_main_road(page: Page, photos: Photos, folder: Path) -> None:
    events = Events(page)
    for name, pictures in photos.enrolled.items():
        events.clear()
        enrol_from_files(page, name, pictures)
        events.expect("enrolment.changed")
    page.goto("/recognise/")
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    stay(page)
    for name, picture in photos.probes.items():
        events.clear()
        card = drop_photo(page, folder / f"probe of {name}.jpg", picture)
        expect(card.locator(".c-pair__name")).to_have_text(name)
        expect(card).to_contain_text("Match")
        expect(card).to_contain_text(re.compile(r"Score 0\.\d{3}"))
        expect(card).to_contain_text(re.compile(r"Threshold 0\.\d{3} for \d+ people"))
        expect(card.locator(".c-boxes__box--match")).to_have_count(1)
        expect(card.get_by_alt_text("Enrolled photo")).to_be_visible()
        events.expect("sightings.finished")
    for number, picture in enumerate(photos.strangers):
        card = drop_photo(page, folder / f"stranger {number}.jpg", picture)
        expect(card.locator(".c-pair__name")).to_have_text("Unknown face")
        expect(card.locator(".c-boxes__box--unknown")).to_have_count(1)
    assert has_stayed(page)


def enrol_from_files(page: Page, name: str, pictures: list[bytes]) -> None:
    enrolment = Enrolment.start(page)
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    stay(page)
    names = [f"{name} {number}.jpg" for number in range(len(pictures))]
    enrolment.add([upload(n, data) for n, data in zip(names, pictures, strict=True)])
    for photo_name in names:
        enrolment.expect_verdict(photo_name, "usable", "px between the eyes")
    expect(page.get_by_role("status").filter(has_text="usable")).to_contain_text("3 of 3 photos")
    assert has_stayed(page)
    enrolment.confirm(name)


def drop_photo(page: Page, path: Path, picture: bytes) -> Locator:
    """Drop one photo on the page and return its result card."""
    path.write_bytes(picture)
    drop_files(page, page.locator("[data-dropzone]"), [path])
    return page.locator(".c-result", has_text=path.name)
