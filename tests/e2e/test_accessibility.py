"""Every page with something on it: axe, sideways scrolling, and a silent console.

The pages of an empty system are looked at in ``test_first_run.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import axe
from tests.e2e.cast import ADA, BRUNO, EDITH, FARID, STRANGER, jpeg, photo, upload
from tests.e2e.pages import Enrolment, add_camera, send_snapshot
from tests.faces import empty_room, render_scene
from tests.integration.gatehouse import Gatehouse

# The pages whose address is fixed; the others are found by filling the system.
FIXED = {
    "today": "/",
    "live": "/live/",
    "people": "/people/",
    "people that nobody fits": "/people/?q=zzz",
    "cameras": "/cameras/",
    "new camera": "/cameras/new/",
    "jobs": "/jobs/",
    "system": "/system/",
    "tokens": "/system/tokens/",
    "password": "/account/password/change/",
    "two factors": "/account/2fa/",
    "sign out": "/account/logout/",
    "not found": "/nothing/here/",
}
FILLED = (
    "recognise", "recognition", "job", "person", "edit", "draft", "check",
    "confirm", "look-alikes", "walk-past", "camera", "webcam",
)  # fmt: skip


@pytest.fixture(scope="module")
def addresses(
    browser: Browser, gatehouse: Gatehouse, signed_in: Any, known: None
) -> Mapping[str, str]:
    """Something of everything, and where it is shown."""
    context = browser.new_context(base_url=gatehouse.base_url, storage_state=signed_in)
    page = context.new_page()
    camera = add_camera(page, "East gate", place="Yard")
    for member in (ADA, STRANGER):
        send_snapshot(camera, photo(member, 3))
    expect(page.locator(".c-feed li")).to_have_count(2)

    page.goto("/recognise/")
    files = [upload("ada.jpg", photo(ADA, 4)), upload("nobody.jpg", jpeg(empty_room(seed=9)))]
    page.locator("#recognise-photos").set_input_files(files)  # type: ignore[arg-type]
    expect(page.locator(".c-result", has_text="ada.jpg")).to_contain_text(ADA.name)
    expect(page.locator(".c-result", has_text="nobody.jpg")).to_contain_text("No face")
    job = page.get_by_role("link", name="Show the job").get_attribute("href")
    recognition = page.get_by_role("link", name="ada.jpg").get_attribute("href")

    page.goto("/people/")
    page.get_by_role("link", name=ADA.name).click()
    expect(page.get_by_role("heading", name=ADA.name)).to_be_visible()
    person = page.url

    pair = [(BRUNO.identity, 30, 90, 300), (EDITH.identity, 320, 120, 260)]
    enrolment = Enrolment.start(page)
    enrolment.add(
        [
            upload("good.jpg", photo(FARID, 0)),
            upload("two.jpg", jpeg(render_scene(pair, seed=8))),
            upload("room.jpg", jpeg(empty_room(seed=10))),
        ]
    )
    for name, verdict in (("good", "usable"), ("two", "several_faces"), ("room", "no_face")):
        enrolment.expect_verdict(f"{name}.jpg", verdict)
    draft = page.url
    stopped = Enrolment.start(page)
    stopped.add([upload("ada again.jpg", photo(ADA, 3))])
    stopped.expect_verdict("ada again.jpg", "other_person")
    lookalikes = f"{page.url}lookalikes/"

    tablet = add_camera(page, "Lobby tablet", kind="Browser tab")
    context.close()
    return {
        **FIXED,
        "recognise": "/recognise/",
        "recognition": str(recognition),
        "job": str(job),
        "person": person,
        "edit": f"{person}edit/",
        "draft": draft,
        "check": f"{draft}check/",
        "confirm": f"{draft}confirm/",
        "look-alikes": lookalikes,
        "walk-past": f"/people/enrol/walk-past/{person.rstrip('/').rpartition('/')[2]}/",
        "camera": camera.url,
        "webcam": f"{tablet.url}webcam/",
    }


@pytest.fixture
def look(open_page: Callable[..., Page], complaints: list[str]) -> Iterator[Page]:
    """A page that can be checked; what moves is still."""
    page = open_page(reduced_motion="reduce")
    axe.prepare(page.context)
    yield page
    complaints.clear()  # of axe; the page's own are looked at before it runs


@pytest.mark.parametrize("name", [*FIXED, *FILLED])
def test_the_page_is_accessible_and_fits(
    look: Page, addresses: Mapping[str, str], name: str
) -> None:
    said: list[str] = []
    look.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    look.goto(addresses[name])
    look.wait_for_load_state("networkidle")
    # The missing page's own status is said in the console; nothing else may be.
    assert [text for text in said if not (name == "not found" and "404" in text)] == []
    assert axe.check(look) == []


def test_forms_that_came_back_with_errors(look: Page) -> None:
    look.goto("/cameras/new/")
    look.get_by_role("button", name="Add camera").click()
    expect(look.locator(".c-field__error").first).to_be_visible()
    assert axe.check(look) == []


def test_dialogs_menus_and_messages(look: Page, addresses: Mapping[str, str]) -> None:
    look.goto(addresses["tokens"])
    look.get_by_role("button", name="New token").click()
    assert axe.check(look) == []
    look.keyboard.press("Escape")
    look.keyboard.press("Control+k")
    look.keyboard.type("a")
    expect(look.locator("[data-palette-item]", has_text=ADA.name)).to_be_visible()
    assert axe.check(look) == []
    look.keyboard.press("Escape")
    look.get_by_label("Your account").click()
    assert axe.check(look) == []
    look.goto(addresses["person"])
    look.get_by_text("More", exact=True).first.click()
    assert axe.check(look) == []
    look.get_by_role("button", name="Remove", exact=True).click()
    assert axe.check(look) == []
    look.goto("/recognise/")
    look.locator("#recognise-photos").set_input_files(
        [upload("essay.jpg", b"words")]  # type: ignore[arg-type]
    )
    expect(look.locator(".c-refusal")).to_be_visible()
    assert axe.check(look) == []


@pytest.mark.parametrize("address", ["/account/login/", "/account/password/reset/"])
def test_the_pages_before_signing_in(look: Page, address: str) -> None:
    look.context.clear_cookies()
    look.goto(address)
    assert axe.check(look) == []
