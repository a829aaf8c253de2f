"""The list of people at work: narrowing, ticking beyond the page, undoing, exporting, ways in."""

from __future__ import annotations

import csv
import hashlib
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import openpyxl
import pytest
from playwright.sync_api import Download, Page, expect

from bench.support import rows_of
from tests.e2e import axe
from tests.integration.gatehouse import PROJECT, Gatehouse, system_environment

COUNT = 55

_SEED = f"""
from portal.core.context import SYSTEM, acting_as
from portal.people.services import PersonDetails, create_person
with acting_as(SYSTEM):
    for number in range({COUNT}):
        create_person(PersonDetails(
            name=f"Pupil {{number:02d}}", code=f"E2E-{{number:02d}}",
            department=f"Pupils / Year {{7 + number % 2}}"))
    create_person(PersonDetails(name='=HYPERLINK("https://evil.example")', code="E2E-evil"))
"""


@pytest.fixture(scope="module", autouse=True)
def pupils(gatehouse: Gatehouse) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", _SEED],
        cwd=PROJECT,
        env=system_environment({"GATEHOUSE_DATA_DIR": str(gatehouse.data_dir)}),
        check=True,
        stdout=subprocess.DEVNULL,
    )


def found(page: Page, count: int) -> None:
    expect(page.locator(".c-pagination")).to_contain_text(f"of {count} people")


def test_all_that_is_found_is_suspended_and_comes_back_with_one_undo(page: Page) -> None:
    page.goto("/people/")
    page.get_by_role("searchbox", name="Search people").fill("pupil")
    found(page, COUNT)
    expect(page).to_have_url(re.compile(r"/people/\?q=pupil$"))
    page.get_by_role("checkbox", name="Tick everybody on this page").check()
    bar = page.get_by_role("region", name="What to do with those ticked")
    expect(bar).to_contain_text("50 selected")
    bar.get_by_role("button", name=f"Tick all {COUNT} found").click()
    expect(bar).to_contain_text(f"All {COUNT} ticked")

    bar.get_by_role("button", name="Suspend").click()
    dialog = page.get_by_role("dialog", name="Suspend those ticked?")
    expect(dialog).to_contain_text(f"All {COUNT} people found will not be recognised")
    dialog.get_by_label("Reason").fill("holidays")
    dialog.get_by_role("button", name="Suspend").click()
    message = page.locator(".c-toast", has_text=f"{COUNT} people were suspended.")
    expect(message).to_be_visible()
    expect(page).to_have_url(re.compile(r"/people/\?q=pupil$"))
    page.get_by_label("State").select_option(label="Suspended")
    found(page, COUNT)

    message.get_by_role("button", name="Undo").click()
    expect(page.locator(".c-toast", has_text="Taken back")).to_be_visible()
    page.goto("/people/?q=pupil&status=active")
    found(page, COUNT)


def test_unticking_one_takes_all_that_is_found_back_to_the_page(page: Page) -> None:
    page.goto("/people/?q=pupil")
    page.get_by_role("checkbox", name="Tick everybody on this page").check()
    page.get_by_role("button", name=f"Tick all {COUNT} found").click()
    page.get_by_role("checkbox", name="Tick Pupil 03", exact=True).uncheck()
    bar = page.get_by_role("region", name="What to do with those ticked")
    expect(bar).to_contain_text("49 selected")
    bar.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("dialog")).to_contain_text("49 people leave the lists")


def test_two_are_ticked_by_keyboard_and_moved(page: Page) -> None:
    page.goto("/people/?q=pupil")
    page.get_by_role("link", name="Pupil 00").focus()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    bar = page.get_by_role("region", name="What to do with those ticked")
    expect(bar).to_contain_text("2 selected")
    bar.get_by_role("button", name="Move", exact=True).click()
    dialog = page.get_by_role("dialog", name="Move those ticked")
    dialog.get_by_label("Department or class").fill("Pupils / Year 12")
    dialog.get_by_role("button", name="Move").click()
    expect(page.locator(".c-toast", has_text="2 people were moved.")).to_be_visible()
    page.goto("/people/")
    page.get_by_label("Department", exact=True).select_option(label="Pupils / Year 12")
    found(page, 2)
    page.locator(".c-chip", has_text="Pupils / Year 12").click()
    expect(page).to_have_url(re.compile(r"/people/\?$"))


def test_a_filter_is_saved_used_and_deleted(page: Page) -> None:
    page.goto("/people/")
    page.get_by_text("Needs attention").click()
    page.get_by_role("checkbox", name="No template").check()
    expect(page.locator(".c-chip", has_text="No template")).to_be_visible()
    expect(page).to_have_url(re.compile("needs=no_template"))
    page.keyboard.press("Escape")
    page.get_by_text("Saved", exact=True).click()
    page.get_by_role("button", name="Save this list as").click()
    dialog = page.get_by_role("dialog", name="Save this list")
    dialog.get_by_label("Name").fill("To photograph")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator(".c-toast", has_text="Saved as “To photograph”")).to_be_visible()

    page.goto("/people/")
    page.get_by_text("Saved", exact=True).click()
    page.get_by_role("link", name="To photograph").click()
    expect(page).to_have_url(re.compile(r"\?needs=no_template$"))
    page.get_by_text("Saved", exact=True).click()
    page.get_by_role("button", name="Delete the saved filter To photograph").click()
    expect(page.locator(".c-toast", has_text="was deleted")).to_be_visible()


def export(page: Page, kind: str) -> Download:
    dialog = page.get_by_role("dialog", name="Export people")
    dialog.get_by_text(kind, exact=True).click()
    dialog.get_by_label("What is it for?").fill("fire drill")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Export").click()
    expect(dialog).to_be_hidden()
    return download.value


def test_what_is_found_is_exported_and_no_name_is_a_formula(page: Page, tmp_path: Path) -> None:
    page.goto("/people/?q=e2e")
    page.get_by_role("button", name="Export").first.click()
    expect(page.get_by_role("dialog")).to_contain_text(f"All {COUNT + 1} people found are written")
    download = export(page, "Excel (XLSX)")
    path = tmp_path / download.suggested_filename
    download.save_as(path)
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == 1 + COUNT + 1
    (evil,) = [cell for row in sheet.iter_rows() for cell in row if "HYPERLINK" in str(cell.value)]
    assert evil.data_type != "f"
    assert not str(evil.value).startswith("=")


def test_those_ticked_are_exported_alone(page: Page, tmp_path: Path) -> None:
    page.goto("/people/?q=pupil")
    page.get_by_role("checkbox", name="Tick Pupil 04", exact=True).check()
    page.get_by_role("checkbox", name="Tick Pupil 06", exact=True).check()
    bar = page.get_by_role("region", name="What to do with those ticked")
    bar.get_by_role("button", name="Export").click()
    path = tmp_path / "people.csv"
    export(page, "CSV").save_as(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert [row["Name"] for row in csv.DictReader(file)] == ["Pupil 04", "Pupil 06"]


def test_the_printed_qr_code_is_the_one_that_is_kept(page: Page, gatehouse: Gatehouse) -> None:
    page.goto("/people/?q=pupil")
    page.get_by_role("link", name="Pupil 07").click()
    page.get_by_role("button", name="Give a QR code").click()
    page.get_by_role("dialog").get_by_role("button", name="Give").click()
    expect(page.get_by_role("heading", name="QR code of Pupil 07")).to_be_visible()
    picture = cv2.imdecode(
        np.frombuffer(page.locator(".c-idcard").screenshot(), np.uint8), cv2.IMREAD_COLOR
    )
    text, *_ = cv2.QRCodeDetector().detectAndDecode(picture)
    assert text.startswith("ghq_")
    ((digest,),) = rows_of(
        gatehouse,
        "SELECT digest FROM people_credential c JOIN people_person p ON p.id = c.person_id "
        "WHERE p.code = ? AND c.kind = 'qr' AND c.revoked_at IS NULL",
        "E2E-07",
    )
    assert digest == hashlib.sha256(text.encode()).hexdigest()

    page.get_by_role("link", name="Done").click()
    page.get_by_role("button", name="Take back").click()
    page.get_by_role("dialog").get_by_role("button", name="Take it back").click()
    expect(page.locator(".c-toast", has_text="no longer works")).to_be_visible()
    expect(page.get_by_role("button", name="Give a QR code")).to_be_visible()


def test_a_pin_is_shown_once(page: Page) -> None:
    page.goto("/people/?q=pupil")
    page.get_by_role("link", name="Pupil 08").click()
    page.get_by_role("button", name="Give a PIN").click()
    page.get_by_role("dialog").get_by_role("button", name="Give").click()
    pin = page.locator(".c-pin").inner_text()
    assert re.fullmatch(r"\d{6}", pin)
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("button", name="Replace")).to_be_visible()
    assert pin not in page.content()


def test_the_last_day_ends_the_ways_in_and_undo_brings_them_back(page: Page) -> None:
    page.goto("/people/?q=pupil")
    page.get_by_role("link", name="Pupil 09").click()
    page.get_by_role("button", name="Give a PIN").click()
    page.get_by_role("dialog").get_by_role("button", name="Give").click()
    page.get_by_role("link", name="Done").click()
    page.get_by_text("More", exact=True).first.click()
    page.get_by_role("button", name="Has left").click()
    page.get_by_role("dialog").get_by_role("button", name="Mark as left").click()
    expect(page.get_by_role("heading", name="Pupil 09")).to_contain_text("Left")
    expect(page.get_by_role("button", name="Take back")).to_have_count(0)
    page.locator(".c-toast").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Pupil 09")).to_contain_text("Active")
    expect(page.get_by_role("button", name="Take back")).to_be_visible()


@pytest.mark.parametrize("part", ["list", "ticked", "export", "person", "card"])
def test_the_pages_are_accessible_in_both_sizes_and_themes(
    open_page: Callable[..., Page], complaints: list[str], part: str
) -> None:
    page = open_page()
    axe.prepare(page.context)
    page.goto("/people/?q=pupil&needs=no_template")
    if part == "ticked":
        page.get_by_role("checkbox", name="Tick everybody on this page").check()
    elif part == "export":
        page.get_by_role("button", name="Export").first.click()
    elif part in {"person", "card"}:
        page.get_by_role("link", name="Pupil 10").click()
        if part == "card":
            page.get_by_role("button", name=re.compile("Give a QR|Replace")).last.click()
            page.get_by_role("dialog").get_by_role("button").last.click()
            expect(page.locator(".c-idcard")).to_be_visible()
    assert complaints == []
    assert axe.check(page) == []
    complaints.clear()  # axe tries inline styles, which the policy refuses
