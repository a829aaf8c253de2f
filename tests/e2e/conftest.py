"""One system and one browser for the folder, signed-in pages, and what goes with a failure."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from tests.e2e.cast import ADA, BRUNO, THRESHOLD
from tests.e2e.chromium import CHROMIUM, launch
from tests.e2e.pages import cookies_of, enrol
from tests.integration.gatehouse import Gatehouse

HERE = Path(__file__).parent
PICTURES = Path(tempfile.gettempdir()) / "gatehouse-e2e"


# Two slow cores that other programs use as well: a wait this long is an error, not slowness.
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = pytest.mark.skip(reason=f"no browser at {CHROMIUM}: install its package")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            if not CHROMIUM.exists():
                item.add_marker(missing)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A picture of every open page of a test that failed, named in the report."""
    report = yield
    contexts: list[BrowserContext] = getattr(item, "funcargs", {}).get("open_contexts", [])
    if report.when == "call" and report.failed:
        PICTURES.mkdir(exist_ok=True)
        pages = [page for context in contexts for page in context.pages]
        for number, page in enumerate(pages):
            path = PICTURES / f"{item.name.replace('/', '-')}-{number}.png"
            page.screenshot(path=path, full_page=True)
            report.sections.append(("page", f"{page.url}, picture in {path}"))
    return report


# Scoped to the folder: Playwright's event loop must be gone before asynchronous tests elsewhere.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = launch(playwright.chromium)
        yield started
        started.close()


@pytest.fixture(scope="package")
def gatehouse() -> Iterator[Gatehouse]:
    """The system of this folder, with a threshold for drawn people."""
    system = Gatehouse.create(GATEHOUSE_THRESHOLD=THRESHOLD)
    try:
        yield system.start()
    finally:
        system.discard()


@pytest.fixture(scope="package")
def signed_in(browser: Browser, gatehouse: Gatehouse) -> Any:
    """The cookies of the administrator, signed in once for all tests."""
    return cookies_of(browser, gatehouse)


@pytest.fixture(scope="package")
def known(browser: Browser, gatehouse: Gatehouse, signed_in: Any) -> None:
    """Ada and Bruno are enrolled."""
    context = browser.new_context(base_url=gatehouse.base_url, storage_state=signed_in)
    page = context.new_page()
    for member in (ADA, BRUNO):
        enrol(page, member, department="Research")
    context.close()


@pytest.fixture
def open_contexts() -> Iterator[list[BrowserContext]]:
    contexts: list[BrowserContext] = []
    yield contexts
    for context in contexts:
        context.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """Errors of scripts and breaches of the security policy; a test that leaves one fails."""
    heard: list[str] = []
    yield heard
    assert heard == []


@pytest.fixture
def open_page(
    browser: Browser,
    gatehouse: Gatehouse,
    signed_in: Any,
    complaints: list[str],
    open_contexts: list[BrowserContext],
) -> Callable[..., Page]:
    """Opens a page in a browser context of its own, signed in; options are the context's."""

    def open_one(*, within: Browser = browser, **options: Any) -> Page:
        settings = {"base_url": gatehouse.base_url, "storage_state": signed_in, **options}
        context = within.new_context(**settings)
        open_contexts.append(context)
        page = context.new_page()
        listen(page, complaints)
        return page

    return open_one


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


def listen(page: Page, complaints: list[str]) -> None:
    # An answer of 4xx is part of many tests, and is looked at there. A search is given up when
    # more is typed, which htmx calls an error.
    harmless = ("server responded with a status of 4", "htmx:error: signal is aborted")

    def said(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(words in message.text for words in harmless):
            complaints.append(f"{page.url}: {message.text}")

    page.on("console", said)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
