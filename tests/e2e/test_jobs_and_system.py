"""Several photos become a job; the System page tells how it is; a token opens the API."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import APIRequestContext, Page, expect

from tests.e2e.cast import ADA, BRUNO, STRANGER, photo, upload
from tests.e2e.pages import Events, has_stayed, stay

pytestmark = pytest.mark.usefixtures("known")


def test_several_photos_are_a_job_that_counts_the_unusable_ones(page: Page) -> None:
    page.goto("/recognise/")
    page.locator("#recognise-photos").set_input_files(
        [  # type: ignore[arg-type]
            upload("staff.jpg", photo(ADA, 4)),
            upload("notes.jpg", b"no picture"),
            upload("bruno.jpg", photo(BRUNO, 4)),
            upload("stranger.jpg", photo(STRANGER, 4)),
        ]
    )
    expect(page.locator(".c-refusal")).to_contain_text("notes.jpg")
    for name, title in (("staff.jpg", ADA.name), ("stranger.jpg", "Unknown face")):
        expect(page.locator(".c-result", has_text=name)).to_contain_text(title)

    page.get_by_role("link", name="Show the job").click()
    expect(page.get_by_role("heading", name="Recognise 4 photos")).to_be_visible()
    expect(page.get_by_text("3 of 4, 1 not usable")).to_be_visible()
    expect(page.get_by_role("progressbar", name="Progress")).to_have_attribute("value", "4")
    expect(page.locator("#job").get_by_text("Done", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("notes.jpg"))).to_be_visible()

    page.goto("/jobs/?state=done")
    row = page.get_by_role("row", name=re.compile("Recognise 4 photos"))
    expect(row).to_contain_text("1 not usable")


def test_a_jobs_page_follows_it_without_being_loaded_again(page: Page) -> None:
    events = Events(page)
    page.goto("/jobs/")
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    stay(page)
    other = page.context.new_page()
    other.goto("/recognise/")
    other.locator("#recognise-photos").set_input_files(
        [upload(f"{n}.jpg", photo(ADA, n)) for n in range(3)]  # type: ignore[arg-type]
    )
    row = page.get_by_role("row", name=re.compile("Recognise 3 photos"))
    expect(row).to_contain_text("Done")
    expect(row).to_contain_text("3 of 3")
    events.expect("jobs.changed")
    assert has_stayed(page)


def test_the_system_page_shows_the_self_test_and_both_workers(page: Page) -> None:
    page.goto("/system/")
    for title in ("Recognition", "Light work"):
        card = page.locator(".c-card", has=page.get_by_role("heading", name=title))
        expect(card.get_by_text("Online")).to_be_visible()
    self_test = page.get_by_role("table", name="The engine's self-test at its last start")
    rows = self_test.locator("tbody tr")
    assert rows.count() >= 4
    expect(rows.get_by_text("OK", exact=True)).to_have_count(rows.count())
    expect(page.get_by_text("fixed by the operator")).to_be_visible()


def test_a_token_made_here_opens_the_api(page: Page, open_page: Callable[..., Page]) -> None:
    name = "Turnstile"
    program = open_page(storage_state=None).request  # it has no session, only the token
    page.goto("/system/tokens/")
    page.get_by_role("button", name="New token").click()
    dialog = page.get_by_role("dialog", name="New token")
    dialog.get_by_label("Name").fill(name)
    for scope in dialog.get_by_role("checkbox").all():
        scope.check()
    dialog.get_by_role("button", name="Make the token").click()
    token = page.locator(".c-callout code").inner_text().strip()

    status, answer = recognise(program, token, photo(BRUNO, 3))
    assert status == 200
    assert [face["person"]["name"] for face in answer["faces"]] == [BRUNO.name]
    assert answer["faces"][0]["decision"] == "match"

    page.goto("/system/tokens/")
    expect(page.get_by_text(token)).to_have_count(0)
    row = page.get_by_role("row", name=re.compile(name))
    row.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text(f"The token “{name}” does not work any more.")).to_be_visible()
    assert recognise(program, token, photo(BRUNO, 3))[0] == 401


def recognise(program: APIRequestContext, token: str, picture: bytes) -> tuple[int, Any]:
    """``POST /api/v1/recognitions?wait=10``: the status and the answer."""
    answer = program.post(
        "/api/v1/recognitions?wait=10",
        headers={"Authorization": f"Bearer {token}"},
        multipart={"image": upload("p.jpg", picture)},  # type: ignore[dict-item]
    )
    return answer.status, answer.json()
