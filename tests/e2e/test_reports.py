"""A report is made, narrowed and taken along; October is locked and told to payroll."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.e2e import axe
from tests.e2e.report_seeding import SITE
from tests.integration.gatehouse import Gatehouse

OCTOBER = "first=2026-10-01&last=2026-10-31"


@pytest.fixture(scope="module")
def _foundry(gatehouse: Gatehouse) -> None:
    gatehouse.run_module("tests.e2e.report_seeding")


@pytest.fixture
def page(open_page: Callable[..., Page], _foundry: None) -> Page:
    opened = open_page(
        viewport={"width": 1440, "height": 900}, reduced_motion="reduce", locale="en-GB"
    )
    axe.prepare(opened.context)
    return opened


def taken(page: Page, kind: str, *, reason: str = "For the works council") -> Path:
    """The report on the page as a file."""
    page.get_by_role("button", name="Export").click()
    dialog = page.get_by_role("dialog", name="Export this report")
    dialog.get_by_text(kind, exact=True).click()
    field = dialog.get_by_label("What is it for?")
    if field.count():
        field.fill(reason)
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Export").click()
    dialog.get_by_role("button", name="Close").click()
    return Path(download.value.path())


def test_a_report_is_made_narrowed_and_taken_along_in_three_ways(page: Page) -> None:
    page.goto("/")
    page.get_by_role("navigation").get_by_role("link", name="Reports").first.click()
    expect(page.get_by_text("Who missed a shift, on which dates?")).to_be_visible()
    page.get_by_role("link", name=re.compile("Daily attendance")).click()
    page.get_by_label("Dates").select_option("dates")
    page.get_by_label("From", exact=True).fill("2026-10-01")
    page.get_by_label("To", exact=True).fill("2026-10-31")
    page.get_by_label("Site", exact=True).select_option(label=SITE)
    page.get_by_role("button", name="Show").click()
    expect(page.locator("[data-as-of]")).to_contain_text("1 October to 31 October 2026")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(45)
    # From 22:00 on, for nine hours: the clocks went back.
    expect(rows.filter(has_text="Nia Night")).to_contain_text("06:00 +1")
    # Two people, 22 working days, one absence, eight hours; and nine at night.
    expect(page.locator("tfoot")).to_contain_text("353:00")

    text = taken(page, "CSV").read_text(encoding="utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert sum(int(line["Worked (min)"] or 0) for line in lines) == 353 * 60
    book = load_workbook(io.BytesIO(taken(page, "Excel (XLSX)").read_bytes()))
    column = [cell.value for cell in book["Report"][1]].index("Worked")
    worked = [row[column].value for row in book["Report"].iter_rows(min_row=2)]
    assert sum((one for one in worked[:-1] if one), timedelta()) == worked[-1]
    assert worked[-1] == timedelta(hours=353)
    assert taken(page, "PDF").read_bytes().startswith(b"%PDF-")

    page.get_by_label("Person").fill("Nia")
    page.get_by_role("button", name="Show").click()
    expect(rows).to_have_count(1)


def test_a_word_is_shown_at_once_and_kept_as_a_word(page: Page) -> None:
    page.goto("/reports/trend/")
    page.get_by_label("Dates").select_option("last_month")
    expect(page).to_have_url(re.compile("span=last_month"))
    expect(page.get_by_label("From", exact=True)).to_be_hidden()
    expect(page.get_by_role("heading", name=re.compile("Lateness"))).to_be_visible()
    page.get_by_role("button", name="Keep").click()
    dialog = page.get_by_role("dialog", name="Keep this report")
    dialog.get_by_label("Name").fill("How last month went at the foundry")
    dialog.get_by_role("button", name="Keep").click()
    page.get_by_role("link", name="How last month went at the foundry").click()
    expect(page).to_have_url(re.compile(r"/reports/trend/\?span=last_month"))


def test_october_is_locked_and_told_to_payroll(page: Page, complaints: list[str]) -> None:
    page.goto("/reports/periods/")
    page.get_by_role("button", name="New period").click()
    dialog = page.get_by_role("dialog", name="New period")
    dialog.get_by_label("First day").fill("2026-10-01")
    dialog.get_by_label("Last day").fill("2026-10-31")
    dialog.get_by_label("Site").select_option(label=SITE)
    dialog.get_by_role("button", name="Make the period").click()
    expect(page.get_by_text("Nothing is in the way")).to_be_visible()
    page.get_by_role("button", name="Lock").click()
    dialog = page.get_by_role("dialog", name="Lock this period?")
    expect(dialog).to_contain_text("will never change again")
    dialog.get_by_role("button", name="Lock").click()
    expect(page.get_by_text("The period is locked.")).to_be_visible()

    files = []
    for _ in range(2):
        page.get_by_role("button", name="Export for payroll").click()
        dialog = page.get_by_role("dialog", name="Export for payroll")
        dialog.get_by_text("CSV", exact=True).click()
        dialog.get_by_label("What is it for?").fill("Wages of October")
        with page.expect_download() as download:
            dialog.get_by_role("button", name="Export").click()
        files.append(Path(download.value.path()).read_bytes())
        page.reload()
    assert files[0] == files[1]
    lines = csv.DictReader(io.StringIO(files[0].decode("utf-8-sig")))
    told = {line["Name"]: (line["Payable (h)"], line["Absences"]) for line in lines}
    assert told == {
        "Anna Okafor": ("176.0", "0"),
        "Bertram Guss": ("168.0", "1"),
        "Nia Night": ("9.0", "0"),
    }
    expect(page.get_by_text("What payroll was told")).to_be_visible()
    assert complaints == []
    assert axe.check(page) == []
    complaints.clear()  # of axe, which tries what the security policy refuses


def test_the_pages_can_be_used_by_everybody(page: Page, complaints: list[str]) -> None:
    wrong = []
    for address in (
        "",
        f"daily/?{OCTOBER}",
        f"monthly/?{OCTOBER}",
        f"time-card/?{OCTOBER}",
        f"presence/?{OCTOBER}",
        f"trend/?{OCTOBER}",
        "absent/?first=2020-01-01",
        "saved/",
        "periods/",
    ):
        page.goto(f"/reports/{address}")
        assert complaints == []
        wrong += [f"{address}: {found}" for found in axe.check(page)]
        complaints.clear()  # of axe
    assert wrong == []
