"""Withdrawal, erasure, the public page and a new master key, on a system of their own."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e import axe
from tests.e2e.cast import BRUNO, CHLOE, DAVID, THRESHOLD, Member, photo
from tests.e2e.pages import Camera, add_camera, cookies_of, enrol, send_snapshot
from tests.integration.gatehouse import PROJECT, Gatehouse, system_environment

LOOKS = cycle(range(5))
# Four bytes more than every JPEG begins with: three alone turn up in ciphertext now and then.
JPEG_MAGIC = re.compile(rb"\xff\xd8\xff[\xe0\xe1\xdb]..(JFIF|Exif)")


@pytest.fixture(scope="module")
def system() -> Iterator[Gatehouse]:
    """Rotating the key and looking into every file is no business of the other tests' system."""
    made = Gatehouse.create(GATEHOUSE_THRESHOLD=THRESHOLD, GATEHOUSE_SITE_NAME="Riverside School")
    try:
        yield made.start()
    finally:
        made.discard()


@pytest.fixture(scope="module")
def cookies(browser: Browser, system: Gatehouse) -> Any:
    return cookies_of(browser, system)


@pytest.fixture(scope="module")
def camera(browser: Browser, system: Gatehouse, cookies: Any) -> Camera:
    context = browser.new_context(base_url=system.base_url, storage_state=cookies)
    made = add_camera(context.new_page(), "North gate")
    context.close()
    return made


@pytest.fixture
def own_page(open_page: Callable[..., Page], system: Gatehouse, cookies: Any) -> Page:
    return open_page(base_url=system.base_url, storage_state=cookies)


def seen_as(page: Page, camera: Camera, member: Member) -> str:
    """Whom a picture that the camera sends now is said to show."""
    # Another look each time: the very same picture, sent again, is the same sighting.
    sent = send_snapshot(camera, photo(member, next(LOOKS)))
    face = page.locator(".c-card", has=page.locator(".c-pair")).locator(".c-card__title")
    deadline = time.monotonic() + 20
    while not face.count():
        assert time.monotonic() < deadline, "the picture was never recognised"
        page.goto(f"/live/{sent['id']}/")
    return face.inner_text()


def test_who_withdraws_is_a_stranger_from_the_next_picture_on(
    own_page: Page, camera: Camera
) -> None:
    page = own_page
    person_url = enrol(page, BRUNO)
    assert seen_as(page, camera, BRUNO) == BRUNO.name
    page.goto(f"{person_url}privacy/")
    page.get_by_role("button", name="Withdraw…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("3 photos, 3 templates")
    dialog.get_by_label("Reason").fill("changed his mind")
    dialog.get_by_role("button", name="Withdraw and remove").click()
    expect(page.locator(".c-toasts")).to_contain_text("is not recognised any more: 3 photos")
    expect(page.get_by_text("No active consent")).to_be_visible()
    assert seen_as(page, camera, BRUNO) == "Unknown face"
    page.goto(camera.url)
    expect(page.locator("[data-visit]").first).to_contain_text("Unknown face")
    page.goto(person_url)
    expect(page.get_by_role("heading", name=BRUNO.name)).to_be_visible()


def test_no_face_lies_readable_in_any_file_and_a_new_master_key_disturbs_nobody(
    own_page: Page, camera: Camera, system: Gatehouse
) -> None:
    enrol(own_page, CHLOE)
    found = [
        path
        for path in system.data_dir.rglob("*")
        if path.is_file()
        and not path.is_relative_to(system.data_dir / "static")
        and JPEG_MAGIC.search(path.read_bytes())
    ]
    assert found == []
    master = system.data_dir / "keys" / "master.key"
    before = master.read_bytes()
    said = manage(system, "rotate_master_key")
    assert "now wrapped by a new keys/master.key" in said
    assert master.read_bytes() != before
    assert seen_as(own_page, camera, CHLOE) == CHLOE.name
    enrol(own_page, DAVID)
    assert seen_as(own_page, camera, DAVID) == DAVID.name


def test_an_erasure_ends_in_a_certificate_that_names_nobody(own_page: Page, camera: Camera) -> None:
    page = own_page
    page.goto("/people/")
    page.get_by_role("link", name=CHLOE.name).click()
    expect(page.get_by_role("heading", level=1, name=CHLOE.name)).to_be_visible()
    page.goto(f"{page.url}privacy/erase/")
    expect(page.get_by_text("3 photos and 3 templates are deleted")).to_be_visible()
    code = page.get_by_text("The code is").inner_text().removeprefix("The code is ").rstrip(".")
    page.get_by_label("Reason").fill("Asked for it by letter")
    page.get_by_label("Type the code to confirm").fill(code)
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_role("heading", name="Certificate of erasure")).to_be_visible()
    main = page.locator("main")
    for words in (code, "Asked for it by letter", "Key destroyed", "SHA-256"):
        expect(main).to_contain_text(words)
    expect(main).not_to_contain_text(CHLOE.name)
    assert seen_as(page, camera, CHLOE) == "Unknown face"


def test_everybody_reads_what_is_kept_and_the_numbers_are_those_of_the_purge(
    own_page: Page, open_page: Callable[..., Page], system: Gatehouse
) -> None:
    own_page.goto("/people/privacy/")
    own_page.get_by_label("Days: People who left").fill("12")
    own_page.get_by_role("button", name="Save").first.click()
    expect(own_page.locator(".c-toasts")).to_contain_text("left 12 days")
    visitor = open_page(base_url=system.base_url, storage_state=None)
    visitor.goto("/privacy/")
    expect(visitor.get_by_role("heading", name="How faces are used here")).to_be_visible()
    row = visitor.locator("[data-category=left]")
    expect(row).to_contain_text("12 days")
    expect(visitor.get_by_alt_text("QR code")).to_be_visible()
    assert visitor.evaluate("() => document.querySelector('.c-policy__qr').naturalWidth") > 0


def test_a_text_is_published_from_the_proposal_and_people_are_to_be_asked_again(
    own_page: Page, system: Gatehouse
) -> None:
    page = own_page
    page.goto("/people/privacy/texts/")
    page.get_by_role("link", name="Look at the proposal").click()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Version 1 is in force")).to_be_visible()
    page.goto("/people/privacy/ask-again/")
    page.get_by_role("link", name=DAVID.name).click()
    page.get_by_role("button", name="Record a new one").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Who signed").fill("His mother")
    dialog.get_by_label("Scan").set_input_files(
        {"name": "sheet.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 signed"}
    )
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Record", exact=True).click()
    page.get_by_role("link", name="Release").first.click()
    expect(page.locator("main")).to_contain_text("His mother")
    with page.expect_download() as download:
        page.get_by_role("link", name="Signed sheet").click()
    assert Path(download.value.path()).read_bytes() == b"%PDF-1.4 signed"
    page.goto("/people/privacy/ask-again/")
    expect(page.get_by_text("Nobody has to be asked again")).to_be_visible()


def test_the_pages_are_for_everybody(
    browser: Browser, system: Gatehouse, cookies: Any, open_contexts: list[BrowserContext]
) -> None:
    context = browser.new_context(base_url=system.base_url, storage_state=cookies)
    open_contexts.append(context)
    axe.prepare(context)
    page = context.new_page()
    page.goto("/people/")
    page.get_by_role("link", name=DAVID.name).click()
    person = page.url
    page.goto("/people/privacy/erasures/")
    certificate = page.locator(".c-row-link").first.get_attribute("href")
    wrong = []
    for address in (
        "/privacy/",
        "/people/privacy/",
        "/people/privacy/texts/",
        "/people/privacy/texts/new/",
        "/people/privacy/ask-again/",
        "/people/privacy/erasures/",
        str(certificate),
        f"{person}privacy/",
        f"{person}privacy/erase/",
    ):
        page.goto(address)
        wrong += [f"{address}: {one}" for one in axe.check(page)]
    assert wrong == []


def manage(system: Gatehouse, *command: str) -> str:
    """What a management command says, run beside the system as an operator would."""
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=PROJECT,
        env=system_environment({"GATEHOUSE_DATA_DIR": str(system.data_dir)}),
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout
