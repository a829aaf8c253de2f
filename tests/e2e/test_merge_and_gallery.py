"""Merging and undoing in the browser, and mending what a look through the gallery found."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import axe
from tests.e2e.cast import GRETA, HUGO, INES, THRESHOLD, Member, photo
from tests.e2e.pages import cookies_of
from tests.integration.gatehouse import PROJECT, Gatehouse, system_environment
from tests.realdata import REAL_DATA

# Whose photos lie in whose folder: Greta was entered twice, one of Ines's is Hugo's.
FOLDERS: dict[str, list[tuple[Member, int]]] = {
    "Greta_Novak": [(GRETA, 0), (GRETA, 1), (GRETA, 2)],
    "G._Novak": [(GRETA, 3), (GRETA, 4)],
    "Hugo_Pereira": [(HUGO, 0), (HUGO, 1), (HUGO, 2)],
    "Ines_Moreau": [(INES, 0), (INES, 1), (INES, 2), (HUGO, 3)],
}
# Who stands for them where there are real photos: two drawn people resemble each other too much
# for a misfiled photo to stand out.
REAL = {GRETA: "Bill_Graham", HUGO: "Bob_Stoops", INES: "Jelena_Dokic"}
HAS_REAL = (REAL_DATA / "lfw_small").is_dir()


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatehouse]:
    """A system of its own with errors in its gallery."""
    folder = tmp_path_factory.mktemp("gallery")
    for name, looks in FOLDERS.items():
        (folder / name).mkdir()
        for number, (member, look) in enumerate(looks):
            (folder / name / f"{number}.jpg").write_bytes(picture(member, look))
    environment = {} if HAS_REAL else {"GATEHOUSE_THRESHOLD": THRESHOLD}
    system = Gatehouse.create(**environment)
    try:
        system.start()
        seed(system, folder)
        yield system
    finally:
        system.discard()


def picture(member: Member, look: int) -> bytes:
    if not HAS_REAL:
        return photo(member, look)
    files = sorted((REAL_DATA / "lfw_small" / "known" / REAL[member]).glob("*.jpg"))
    return files[look].read_bytes()


def seed(system: Gatehouse, folder: Path) -> None:
    changes = {"GATEHOUSE_DATA_DIR": str(system.data_dir), **system.environment}
    environment = system_environment(
        {**changes, "DJANGO_SETTINGS_MODULE": "portal.config.settings"}
    )
    command = [sys.executable, "-m", "tests.e2e.seeding", str(folder)]
    subprocess.run(command, cwd=PROJECT, env=environment, check=True)


@pytest.fixture(scope="module")
def cookies(browser: Browser, system: Gatehouse) -> object:
    return cookies_of(browser, system)


@pytest.fixture
def page(open_page: Callable[..., Page], system: Gatehouse, cookies: object) -> Page:
    return open_page(base_url=system.base_url, storage_state=cookies)


def look_again(page: Page) -> None:
    page.goto("/people/gallery/")
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    page.get_by_role("button", name="Look again").click()
    expect(page.get_by_text("looked at, just now")).to_be_visible()


@pytest.mark.realdata
@pytest.mark.skipif(not HAS_REAL, reason="needs real photos: set GATEHOUSE_TEST_DATA")
def test_a_misfiled_photo_is_found_moved_with_one_click_and_brought_back(page: Page) -> None:
    look_again(page)
    finding = page.locator('[data-kind="unlike"]')
    expect(finding).to_have_count(1)
    expect(finding).to_contain_text("Ines Moreau")
    expect(finding).to_contain_text("Resembles Hugo Pereira")
    finding.get_by_role("button", name="Move to Hugo Pereira").click()
    expect(page.get_by_text("The photo is Hugo Pereira's now.")).to_be_visible()
    expect(finding).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back: Photo moved from Ines Moreau")).to_be_visible()
    expect(finding).to_have_count(1)


def test_two_entries_are_compared_swapped_merged_and_two_again(page: Page) -> None:
    look_again(page)
    pair = page.locator("[data-pair]")
    expect(pair).to_have_count(1)
    pair.get_by_role("link", name="Same person").click()
    expect(page.get_by_role("heading", name="Are these one person?")).to_be_visible()
    remains = page.get_by_role("region", name="Remains")
    if "G. Novak" in remains.inner_text():
        page.get_by_role("link", name=re.compile("^Swap the two")).click()
    expect(remains.get_by_role("heading", name="Greta Novak")).to_be_visible()
    page.get_by_role("button", name="Merge G. Novak into Greta Novak").click()
    expect(page.get_by_role("heading", name="Greta Novak")).to_be_visible()
    expect(page.get_by_text("is part of Greta Novak now")).to_be_visible()

    page.goto("/people/journal/")
    act = page.get_by_role("listitem").filter(has_text="G. Novak merged into Greta Novak")
    act.get_by_role("button", name=re.compile("^Undo")).click()
    expect(page.get_by_text("Taken back: G. Novak merged into Greta Novak")).to_be_visible()
    expect(act).to_contain_text("Undone")
    page.goto("/people/?q=Novak")
    expect(page.get_by_role("link", name="G. Novak")).to_be_visible()
    expect(page.get_by_role("link", name="Greta Novak")).to_be_visible()


def test_look_alikes_that_are_two_people_are_asked_about_once(page: Page) -> None:
    look_again(page)
    pair = page.locator("[data-pair]")
    pair.get_by_role("button", name="Different people").click()
    expect(page.get_by_text("are different people.")).to_be_visible()
    expect(pair).to_have_count(0)
    look_again(page)
    expect(pair).to_have_count(0)


def test_the_pages_are_accessible_and_fit(
    open_page: Callable[..., Page], system: Gatehouse, cookies: object, complaints: list[str]
) -> None:
    page = open_page(base_url=system.base_url, storage_state=cookies, reduced_motion="reduce")
    axe.prepare(page.context)
    wrong = []
    look_again(page)
    wrong += axe.check(page)
    page.goto("/people/?q=Greta")
    page.get_by_role("link", name="Greta Novak").click()
    person = page.url
    page.goto(f"{person}merge/?q=novak")
    wrong += axe.check(page)
    page.get_by_role("link", name="Compare with G. Novak").click()
    wrong += axe.check(page)
    page.goto("/people/journal/")
    wrong += axe.check(page)
    # What axe itself tries is refused by the policy; the pages' own was heard before.
    complaints.clear()
    assert wrong == []
