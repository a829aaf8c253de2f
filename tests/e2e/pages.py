"""What people do on the pages, as functions of a Playwright page.

Public surface: ``sign_in``, ``cookies_of``, ``Enrolment``, ``add_camera``, ``send_snapshot``,
``drop_files``, ``Events``, ``stay``, ``has_stayed``.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.cast import Member, Upload, photo, upload
from tests.integration.gatehouse import Gatehouse

__all__ = [
    "Camera",
    "Enrolment",
    "Events",
    "add_camera",
    "cookies_of",
    "drop_files",
    "enrol",
    "has_stayed",
    "send_snapshot",
    "sign_in",
    "stay",
]


def sign_in(page: Page, *, base_url: str, email: str, password: str) -> None:
    page.goto(f"{base_url}/account/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Today")).to_be_visible()


def cookies_of(browser: Browser, system: Gatehouse) -> Any:
    """Those of the administrator, signed in once."""
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


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The enrolment's steps, opened from the list of people."""

    page: Page

    @classmethod
    def start(cls, page: Page) -> Enrolment:
        page.goto("/people/")
        page.get_by_role("button", name="Enrol a person").click()
        expect(page.get_by_role("heading", name="Enrol a person")).to_be_visible()
        # By then the page's scripts listen to its buttons.
        expect(page.locator("html")).to_have_attribute("data-live", "open")
        return cls(page)

    def add(self, files: Sequence[Upload]) -> None:
        """Choose several files at once."""
        self.page.locator("#enrol-photos").set_input_files(list(files))  # type: ignore[arg-type]

    def photo(self, name: str) -> Locator:
        return self.page.locator(f'article.c-photo:has([title="{name}"])')

    def expect_verdict(self, name: str, verdict: str, text: str = "") -> None:
        card = self.photo(name)
        expect(card).to_have_attribute("data-verdict", verdict)
        expect(card).to_contain_text(text)

    def check(self) -> None:
        """On to the second step."""
        self.page.get_by_role("link", name="Continue: check the photos").click()
        expect(self.page.locator("[aria-current=step]")).to_contain_text("Check")

    def go_on(self, step: str) -> None:
        """From the second or third step on to ``look-alikes`` or ``confirm``."""
        self.page.get_by_role("link", name=f"Continue: {step}").click()

    def fill(self, name: str, *, department: str = "") -> None:
        """The form of the last step, as far as it has to be filled in."""
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Department or class").fill(department)
        self.page.get_by_role("checkbox").check()

    def confirm(self, name: str, *, department: str = "") -> None:
        """From the first step to the page of the person who is enrolled now."""
        self.check()
        self.go_on("confirm")
        self.fill(name, department=department)
        self.page.get_by_role("button", name="Enrol", exact=True).click()
        expect(self.page.get_by_role("heading", name=f"Is {name} recognised now?")).to_be_visible()
        expect(self.page.get_by_text(f"{name} is enrolled")).to_be_visible()
        self.page.get_by_role("link", name="Done").click()
        self.page.wait_for_url(re.compile(r"/people/[0-9a-f-]{36}/$"))
        expect(self.page.get_by_role("heading", level=1, name=name)).to_be_visible()


def enrol(page: Page, member: Member, *, department: str = "") -> str:
    """Enrol a drawn person with three photos; returns the address of the person's page."""
    enrolment = Enrolment.start(page)
    names = [f"{member.name} {look}.jpg" for look in range(3)]
    enrolment.add([upload(name, photo(member, look)) for look, name in enumerate(names)])
    for name in names:
        enrolment.expect_verdict(name, "usable")
    enrolment.confirm(member.name, department=department)
    return page.url


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera with the key that its page showed once."""

    name: str
    url: str
    key: str
    snapshots_url: str


def add_camera(page: Page, name: str, *, place: str = "", kind: str = "Sends snapshots") -> Camera:
    page.goto("/cameras/new/")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Place").fill(place)
    page.get_by_role("radio", name=kind).check()
    page.get_by_role("button", name="Add camera").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    key = snapshots = ""
    if kind == "Sends snapshots":
        callout = page.locator(".c-callout", has_text="The key of this camera")
        key = callout.locator("code").inner_text().strip()
        command = page.locator("pre", has_text="curl").inner_text()
        snapshots = next(word for word in command.split() if word.startswith("http"))
    return Camera(name, page.url, key, snapshots)


def send_snapshot(
    camera: Camera, picture: bytes, *, captured_at: datetime | None = None
) -> dict[str, Any]:
    """Send one picture as the camera would; returns the answer."""
    taken = {"X-Captured-At": captured_at.isoformat()} if captured_at else {}
    request = urllib.request.Request(  # noqa: S310 - our own address
        camera.snapshots_url,
        data=picture,
        headers={"Content-Type": "image/jpeg", "Authorization": f"Bearer {camera.key}", **taken},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        return dict(json.load(answer))


def drop_files(page: Page, zone: Locator, paths: Sequence[Path]) -> None:
    """Drop files from the desktop: a real drag, as scripts of a page cannot make it."""
    box = zone.bounding_box()
    assert box is not None, "the drop zone is not visible"
    browser = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.send(
            "Input.dispatchDragEvent",
            {
                "type": kind,
                "x": box["x"] + box["width"] / 2,
                "y": box["y"] + box["height"] / 2,
                "data": {"items": [], "files": [str(p) for p in paths], "dragOperationsMask": 1},
            },
        )
    browser.detach()


class Events:
    """The events that the server pushes to a page, from the page's next load on."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._types: list[str] = []
        page.on("websocket", lambda socket: socket.on("framereceived", self._heard))

    def clear(self) -> None:
        self._types.clear()

    def expect(self, event_type: str) -> None:
        """Wait until such an event was pushed."""
        for _ in range(100):
            if event_type in self._types:
                return
            self._page.wait_for_timeout(100)
        raise AssertionError(f"no {event_type} was pushed, only {self._types}")

    def _heard(self, frame: str | bytes) -> None:
        self._types.append(json.loads(frame)["type"])


def stay(page: Page) -> None:
    """Mark the document, so that ``has_stayed`` can tell whether it was loaded again."""
    page.evaluate("() => { window.isTheSameDocument = true; }")


def has_stayed(page: Page) -> bool:
    return bool(page.evaluate("() => window.isTheSameDocument === true"))
