"""A site and its departments are made, somebody is invited to manage one, and sees just that."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.e2e import axe
from tests.integration.gatehouse import Gatehouse

MANAGER, PASSWORD = "quay-manager@gatehouse.test", "six quite unrelated blue words"


def test_from_an_empty_organisation_to_a_manager_who_sees_their_department_only(
    gatehouse: Gatehouse, open_page: Callable[..., Page], known: None, complaints: list[str]
) -> None:
    page = open_page()

    page.goto("/people/organisation/")
    page.get_by_role("link", name="Add a site").click()
    page.get_by_label("Name").fill("Harbour")
    page.get_by_label("Time zone").select_option("Europe/Lisbon")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Harbour")).to_be_visible()

    harbour = page.locator("section.c-card", has=page.get_by_role("heading", name="Harbour"))
    add_department(page, harbour.get_by_role("link", name="Add a department"), "Docks")
    add_department(page, harbour.get_by_role("link", name="Add below Docks"), "Crane 4")
    expect(harbour).to_contain_text("Crane 4")
    harbour.get_by_role("link", name="Edit Docks", exact=True).click()
    page.get_by_label("Name").fill("Quays")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Quays was saved.")).to_be_visible()
    expect(harbour.get_by_role("link", name="Edit Quays / Crane 4")).to_be_visible()

    page.goto("/system/users/")
    page.get_by_role("link", name="Add a user").click()
    page.get_by_label("E-mail address").fill(MANAGER)
    departments = page.get_by_role("group", name="Departments")
    expect(departments).to_be_hidden()
    page.get_by_role("radio", name=re.compile("^Manager")).check()
    departments.get_by_label("Harbour: Quays", exact=True).check()
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_text("The link to choose a password")).to_be_visible()
    link = page.locator("code", has_text="/account/password/reset/").inner_text()
    page.reload()
    expect(page.get_by_text("The link to choose a password")).to_have_count(0)

    manager = open_page(storage_state=None)
    manager.goto(link.replace(link.split("/account/")[0], gatehouse.base_url))
    manager.get_by_role("textbox", name="New Password", exact=True).fill(PASSWORD)
    manager.get_by_role("textbox", name="New Password (again)").fill(PASSWORD)
    manager.get_by_role("button", name="Set the password").click()
    manager.get_by_role("link", name="Sign in", exact=True).click()
    manager.get_by_label("Email").fill(MANAGER)
    manager.get_by_role("textbox", name="Password").fill(PASSWORD)
    manager.get_by_role("button", name="Sign in", exact=True).click()
    expect(manager.get_by_role("heading", name="Today")).to_be_visible()
    manager.goto("/people/")
    # Ada and Bruno, who are enrolled, belong to another department.
    expect(manager.locator(".c-empty")).to_be_visible()
    manager.goto("/system/users/")
    expect(manager.get_by_text("You may not do this")).to_be_visible()

    page.goto("/system/audit/?actor=quay-manager")
    expect(page.locator(".c-empty")).to_be_visible()
    page.goto("/system/audit/?action=accounts.user.created")
    page.get_by_text("4 values").first.click()
    expect(page.locator("ins", has_text="manager")).to_be_visible()

    assert complaints == []
    look = open_page(reduced_motion="reduce")
    axe.prepare(look.context)
    for address in (
        "/people/organisation/",
        "/people/organisation/sites/new/",
        "/system/users/",
        "/system/users/new/",
        "/system/audit/",
        "/me/",
    ):
        look.goto(address)
        assert axe.check(look) == [], address
    complaints.clear()  # of axe, which tries inline styles; the pages' own were looked at before


def add_department(page: Page, link: Locator, name: str) -> None:
    link.click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"{name} was added.")).to_be_visible()
