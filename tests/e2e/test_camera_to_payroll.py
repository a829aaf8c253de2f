"""From the camera to payroll: the night in which summer time ends, its end forgotten and corrected.

A camera sends the pictures of that night with the times at which they were taken, as one does whose
line was cut; everything else is done on the pages.
"""

from __future__ import annotations

import csv
import io
import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.cast import EDITH, THRESHOLD, photo
from tests.e2e.conftest import listen
from tests.e2e.pages import Camera, add_camera, enrol, send_snapshot, sign_in
from tests.integration.gatehouse import Gatehouse

ZONE = ZoneInfo("Europe/Berlin")
HR, PASSWORD = "hr@gatehouse.test", "nine entirely unrelated green words"


@pytest.fixture(scope="module")
def system() -> Iterator[Gatehouse]:
    """A system of its own: a locked month would be in the way of other tests."""
    made = Gatehouse.create(GATEHOUSE_THRESHOLD=THRESHOLD)
    try:
        yield made.start()
    finally:
        made.discard()


def night_of_the_change() -> date:
    """The Saturday before the clocks were last put back."""
    today = datetime.now(UTC).date()
    year = today.year if today > date(today.year, 11, 1) else today.year - 1
    last = date(year, 10, 31)
    return last - timedelta(days=(last.weekday() + 1) % 7) - timedelta(days=1)


def open_signed_in(
    browser: Browser,
    contexts: list[BrowserContext],
    complaints: list[str],
    system: Gatehouse,
    email: str,
    password: str,
) -> Page:
    context = browser.new_context(base_url=system.base_url)
    contexts.append(context)
    page = context.new_page()
    listen(page, complaints)
    sign_in(page, base_url=system.base_url, email=email, password=password)
    return page


def pass_by(camera: Camera, at: datetime) -> None:
    """Two pictures, since one alone confirms no name."""
    for look in range(3, 5):
        taken = at + timedelta(seconds=2 * (look - 3))
        send_snapshot(camera, photo(EDITH, look), captured_at=taken)


def test_a_night_of_nine_hours_reaches_payroll_with_its_forgotten_end_corrected(
    browser: Browser,
    system: Gatehouse,
    open_contexts: list[BrowserContext],
    complaints: list[str],
) -> None:
    night = night_of_the_change()
    page = open_signed_in(browser, open_contexts, complaints, system, system.email, system.password)
    put_the_site_in_berlin(page)
    enrol(page, EDITH)
    camera = add_camera(page, "Night gate")
    plan_the_night(page, night)

    pass_by(camera, datetime(night.year, night.month, night.day, 21, 55, tzinfo=ZONE))
    page.goto(f"/attendance/month/?month={night:%Y-%m}")
    expect(page.get_by_text(EDITH.name).first).to_be_visible()
    person_id = find_person(page)
    day_url = f"/attendance/people/{person_id}/{night.isoformat()}/"
    expect_on(page, day_url, re.compile("Incomplete"))

    ask_for_the_end(page, night)
    decider = invite_hr(page, browser, open_contexts, complaints, system)
    decider.goto("/attendance/corrections/")
    decider.get_by_role("link", name=EDITH.name).first.click()
    decider.get_by_role("button", name="Approve").first.click()
    expect(decider.get_by_text("Approved").first).to_be_visible()
    expect_on(page, day_url, re.compile(r"9:0\d"))

    settle(decider, night)
    (row,) = [one for one in export(decider) if one["Name"] == EDITH.name]
    assert row["Payable (h)"] == "9.0"
    assert complaints == []


def put_the_site_in_berlin(page: Page) -> None:
    page.goto("/people/organisation/")
    page.get_by_role("link", name=re.compile("^Edit ")).first.click()
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("was saved")).to_be_visible()


def plan_the_night(page: Page, night: date) -> None:
    page.goto("/attendance/schedules/shifts/")
    page.get_by_role("button", name="Begin with this: Night").click()
    page.goto("/attendance/schedules/assignments/new/")
    page.get_by_role("radio", name=re.compile("Everybody")).check()
    night_shift = page.locator("#id_shift option", has_text="Night").get_attribute("value")
    page.get_by_label("Shift", exact=True).select_option(night_shift)
    page.get_by_label("From", exact=True).fill(night.isoformat())
    page.get_by_label("To (optional)").fill(night.isoformat())
    page.get_by_role("button", name="Assign").click()
    # The night is over: what would change is said first.
    page.get_by_role("button", name="Yes, change these days").click()
    expect(page).to_have_url(re.compile("/assignments/$"))


def find_person(page: Page) -> str:
    page.goto("/people/")
    page.get_by_role("link", name=EDITH.name).first.click()
    found = re.search(r"/people/([0-9a-f-]{36})/", page.url)
    assert found is not None, page.url
    return found[1]


def expect_on(page: Page, address: str, text: re.Pattern[str]) -> None:
    """What the workers make of it is there before long; the page is read anew until then."""
    for _ in range(20):
        page.goto(address)
        if page.get_by_text(text).count():
            return
        page.wait_for_timeout(500)
    expect(page.get_by_text(text).first).to_be_visible()


def ask_for_the_end(page: Page, night: date) -> None:
    page.get_by_role("link", name="Ask for a correction").click()
    page.get_by_label("Date", exact=True).select_option((night + timedelta(days=1)).isoformat())
    page.get_by_label("Time", exact=True).fill("06:00")
    page.get_by_label("Direction").select_option(label="Went out")
    # Nine hours between 22:00 and 06:00, for the hour from two to three came twice.
    expect(page.locator("#correction-preview")).to_contain_text("9:00")
    page.get_by_label("Reason").fill("Left by the yard, where no camera hangs.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Waits for a decision").first).to_be_visible()


def invite_hr(
    page: Page,
    browser: Browser,
    contexts: list[BrowserContext],
    complaints: list[str],
    system: Gatehouse,
) -> Page:
    page.goto("/system/users/")
    page.get_by_role("link", name="Add a user").click()
    page.get_by_label("E-mail address").fill(HR)
    page.get_by_role("radio", name=re.compile("^Human resources")).check()
    page.get_by_role("button", name="Invite").click()
    link = page.locator("code", has_text="/account/password/reset/").inner_text()
    context = browser.new_context(base_url=system.base_url)
    contexts.append(context)
    other = context.new_page()
    listen(other, complaints)
    other.goto(link.replace(link.split("/account/")[0], system.base_url))
    other.get_by_role("textbox", name="New Password", exact=True).fill(PASSWORD)
    other.get_by_role("textbox", name="New Password (again)").fill(PASSWORD)
    other.get_by_role("button", name="Set the password").click()
    expect(other.get_by_role("link", name="Sign in", exact=True)).to_be_visible()
    sign_in(other, base_url=system.base_url, email=HR, password=PASSWORD)
    return other


def settle(page: Page, night: date) -> None:
    last = monthrange(night.year, night.month)[1]
    page.goto("/reports/periods/")
    page.get_by_role("button", name="New period").click()
    dialog = page.get_by_role("dialog", name="New period")
    dialog.get_by_label("First day").fill(night.replace(day=1).isoformat())
    dialog.get_by_label("Last day").fill(night.replace(day=last).isoformat())
    dialog.get_by_role("button", name="Make the period").click()
    page.get_by_role("button", name="Lock").click()
    dialog = page.get_by_role("dialog", name="Lock this period?")
    # The correction closed what was missing; that the pictures came weeks late is still told.
    expect(dialog).to_contain_text("1 exception is still open")
    dialog.get_by_label("Why lock it over open exceptions?").fill("The line was cut that night.")
    dialog.get_by_role("button", name="Lock").click()
    expect(page.get_by_text("The period is locked.")).to_be_visible()


def export(page: Page) -> list[dict[str, str]]:
    page.get_by_role("button", name="Export for payroll").click()
    dialog = page.get_by_role("dialog", name="Export for payroll")
    dialog.get_by_text("CSV", exact=True).click()
    dialog.get_by_label("What is it for?").fill("Wages of the month")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Export").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))
