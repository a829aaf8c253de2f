"""Every page, on a desk and on a phone, light and dark: axe, width, and a silent console."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.cast import ADA, BRUNO, EDITH, FARID, STRANGER, THRESHOLD, jpeg, photo, upload
from tests.e2e.conftest import listen
from tests.e2e.pages import Enrolment, add_camera, enrol, send_snapshot, sign_in
from tests.faces import render_scene
from tests.integration.gatehouse import Gatehouse

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}

# Axe on the whole page; the colours alone where nothing else can have changed.
_RUN_AXE = """async (rules) => {
    const options = { resultTypes: ["violations"] };
    if (rules) options.runOnly = { type: "rule", values: rules };
    const { violations } = await axe.run(document, options);
    return violations
        .filter((found) => ["serious", "critical"].includes(found.impact))
        .flatMap((found) => found.nodes.map(
            (node) => `${found.id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}"""


@pytest.fixture(scope="module")
def filled(browser: Browser) -> Iterator[Gatehouse]:
    """A system with something on every page; its addresses are found by clicking."""
    system = Gatehouse.create(GATEHOUSE_THRESHOLD=THRESHOLD)
    try:
        yield system.start()
    finally:
        system.discard()
