"""The live page in a real browser, noting when each visit's name appeared on it.

Public surface: ``watched_page``, ``names_shown``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from tests.e2e.chromium import launch
from tests.e2e.pages import sign_in
from tests.integration.gatehouse import Gatehouse

__all__ = ["names_shown", "watched_page"]

# Runs whenever a row changes: the first moment (seconds since the epoch) at which a visit's row
# carried a name, by visit and name. Only what changed is looked at: the browser shares the
# processors with what is measured.
_WATCH = """
() => {
  window.namesShown = {};
  const note = (row) => {
    const name = row.querySelector("[data-visit-link]")?.textContent.trim();
    window.namesShown[`${row.dataset.visit} ${name}`] ??= Date.now() / 1000;
  };
  const list = document.querySelector("[data-live-rows]");
  list.querySelectorAll("[data-visit]").forEach(note);
  new MutationObserver((records) => {
    const rows = new Set();
    for (const { target, addedNodes } of records) {
      const nodes = target === list ? addedNodes : [target];
      for (const node of nodes) {
        const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
        rows.add(element?.closest("[data-visit]"));
      }
    }
    rows.delete(null);
    rows.delete(undefined);
    rows.forEach(note);
  }).observe(list, { subtree: true, childList: true, characterData: true });
}
"""


@contextmanager
def watched_page(system: Gatehouse) -> Iterator[Page]:
    """The live page, signed in as the administrator and watched until the block ends."""
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        page = browser.new_context(base_url=system.base_url).new_page()
        sign_in(page, base_url=system.base_url, email=system.email, password=system.password)
        page.goto("/live/")
        page.evaluate(_WATCH)
        yield page
        browser.close()


def names_shown(page: Page) -> dict[tuple[str, str], float]:
    """When each ``(visit, name)`` was first on the page."""
    shown: dict[str, float] = page.evaluate("() => window.namesShown")
    return {(key[:36], key[37:]): at_s for key, at_s in shown.items()}
