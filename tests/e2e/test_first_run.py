"""The first visit: the administrator is made from the terminal's link, once; nothing is there yet."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e import axe
from tests.integration.gatehouse import Gatehouse

EMAIL, PASSWORD = "first@gatehouse.test", "seven unrelated green words"


@pytest.fixture
def fresh() -> Iterator[Gatehouse]:
    system = Gatehouse.create(
        from_nothing=True, GATEHOUSE_ADMIN_EMAIL="", GATEHOUSE_ADMIN_PASSWORD=""
    )
    try:
        yield system.start()
    finally:
        system.discard()


@pytest.fixture
def visitor(browser: Browser, fresh: Gatehouse, open_contexts: list[BrowserContext]) -> Page:
    context = browser.new_context(base_url=fresh.base_url, reduced_motion="reduce")
    open_contexts.append(context)
    axe.prepare(context)
    return context.new_page()


def test_the_printed_link_makes_one_administrator_who_finds_an_empty_house(
    fresh: Gatehouse, visitor: Page
) -> None:
    fresh.wait_for("Create the first administrator here (works once): http")
    link = next(re.search(r"http\S+token=\S+", line) for line in fresh.lines if "token=" in line)
    assert link is not None

    for address in ("/", "/people/", "/account/login/"):
        visitor.goto(address)
        expect(visitor).to_have_url(re.compile(r"/setup/"))
    visitor.get_by_label("Set-up token").fill("a-guess")
    fill_in(visitor)
    expect(visitor.get_by_text("This is not the token.")).to_be_visible()

    visitor.goto(link.group())
    assert axe.check(visitor) == []
    fill_in(visitor)
    expect(visitor.get_by_text("You are its administrator.")).to_be_visible()
    expect(visitor.get_by_role("heading", name="Today")).to_be_visible()

    visitor.goto(link.group())
    expect(visitor).to_have_url(f"{fresh.base_url}/")

    for address in ("/", "/live/", "/recognise/", "/people/", "/cameras/", "/jobs/"):
        visitor.goto(address)
        expect(visitor.locator(".c-empty").first).to_be_visible()
        assert axe.check(visitor) == [], address

    visitor.get_by_label("Your account").click()
    visitor.get_by_role("button", name="Sign out").click()
    expect(visitor).to_have_url(re.compile(r"/account/login/"))
    visitor.goto("/people/")
    expect(visitor).to_have_url(re.compile(r"/account/login/\?next=/people/"))

    sign_in_as(visitor, "not the password at all")
    expect(visitor.get_by_text("not correct")).to_be_visible()
    sign_in_as(visitor, PASSWORD)
    expect(visitor.get_by_role("heading", name="People")).to_be_visible()


def fill_in(page: Page) -> None:
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Your name").fill("Robin First")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Create administrator").click()


def sign_in_as(page: Page, password: str) -> None:
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
