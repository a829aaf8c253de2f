"""The register of look-alikes and the drift watch, in the browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import axe
from tests.e2e.cast import GRETA, HUGO, INES, THRESHOLD, Member, photo
from tests.e2e.pages import sign_in
from tests.integration.gatehouse import Gatehouse

# One person's photos as two people, who therefore look very much alike.
FOLDERS: dict[str, list[tuple[Member, int]]] = {
    "Greta_Novak": [(GRETA, 0), (GRETA, 1), (GRETA, 2)],
    "Gerda_Novak": [(GRETA, 3), (GRETA, 4)],
    "Hugo_Pereira": [(HUGO, 0), (HUGO, 1), (HUGO, 2)],
    "Ines_Moreau": [(INES, 0), (INES, 1), (INES, 2)],
}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatehouse]:
    """A system of its own with twins and a fall in it."""
    folder = tmp_path_factory.mktemp("gallery")
    for name, looks in FOLDERS.items():
        (folder / name).mkdir()
        for number, (member, look) in enumerate(looks):
            (folder / name / f"{number}.jpg").write_bytes(photo(member, look))
    system = Gatehouse.create(GATEHOUSE_THRESHOLD=THRESHOLD)
    try:
        system.start()
        system.run_module("tests.e2e.seeding", str(folder))
        system.run_module("tests.e2e.drift_seeding", "Hugo Pereira", "Gerda Novak", "Ines Moreau")
        yield system
    finally:
        system.discard()


@pytest.fixture(scope="module")
def cookies(browser: Browser, system: Gatehouse) -> object:
    context = browser.new_context()
    sign_in(
        context.new_page(),
        base_url=system.base_url,
        email=system.email,
        password=system.password,
    )
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def page(open_page: Callable[..., Page], system: Gatehouse, cookies: object) -> Page:
    return open_page(base_url=system.base_url, storage_state=cookies)


def test_twins_are_found_told_apart_and_stay_guarded(page: Page) -> None:
    """The enrolment rang for the comparison: nobody asked for a look through the gallery."""
    page.goto("/calibration/look-alikes/")
    pair = page.locator("[data-pair]")
    expect(pair).to_have_count(1)
    expect(pair).to_contain_text("Greta Novak")
    expect(pair).to_contain_text("Gerda Novak")
    expect(pair).to_contain_text("Guarded")
    expect(pair.locator("img")).to_have_count(2)

    page.get_by_label("Name or code").fill("hugo")
    expect(page.get_by_text("No pair fits")).to_be_visible()
    page.get_by_role("link", name="Show all pairs").click()

    pair.get_by_role("button", name="Different people").click()
    expect(page.get_by_text("are different people. Both stay guarded.")).to_be_visible()
    expect(pair).to_contain_text("Different people")
    expect(pair).to_contain_text("Guarded")

    pair.get_by_role("link", name="Greta Novak").click()
    expect(page.get_by_text("Greta Novak is named only when Gatehouse is surer")).to_be_visible()


def test_a_fall_leads_to_the_enrolment_and_can_be_dismissed_and_taken_back(page: Page) -> None:
    page.goto("/calibration/drift/")
    person = page.locator("[data-finding]", has_text="Ines Moreau")
    expect(person).to_contain_text("fell by 0.14 since")
    expect(page.locator("[data-finding]")).to_have_count(2)
    camera = page.locator("[data-finding]", has_text="Scores at Yard")
    expect(camera).to_contain_text("clean the lens, check the light")

    plot = person.locator("[data-chart-plot]")
    plot.focus()
    said = person.locator("[data-chart-said]")
    expect(said).to_contain_text("1 visit")
    before = said.inner_text()
    page.keyboard.press("ArrowLeft")
    expect(said).not_to_have_text(before)
    person.get_by_text("The values as a table").click()
    expect(person.get_by_role("columnheader", name="Mean score")).to_be_visible()
    with page.expect_download() as download:
        person.get_by_role("link", name="Download the values as CSV").click()
    assert Path(download.value.path()).read_text(encoding="utf-8").startswith("Day,Mean score")

    camera.get_by_role("button", name="Dismiss").click()
    expect(camera).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    page.goto("/calibration/drift/")
    expect(camera).to_have_count(1)

    person.get_by_role("button", name="Enrol anew").click()
    expect(page.get_by_role("heading", name="Ines Moreau").first).to_be_visible()


def test_the_pages_are_accessible_and_fit(
    open_page: Callable[..., Page], system: Gatehouse, cookies: object, complaints: list[str]
) -> None:
    page = open_page(base_url=system.base_url, storage_state=cookies, reduced_motion="reduce")
    axe.prepare(page.context)
    wrong = []
    for address in ("/calibration/look-alikes/", "/calibration/drift/"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        wrong += axe.check(page)
    # What axe itself tries is refused by the policy; the pages' own was heard before.
    complaints.clear()
    assert wrong == []
