"""Another model in the browser: prepared, compared, used, and left again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import axe
from tests.e2e.cast import ADA, photo
from tests.e2e.pages import add_camera, send_snapshot
from tests.integration.gatehouse import PROJECT, Gatehouse, system_environment
from tests.recognition.made_models import made_pack

SHIPPED, MADE = "sface-2021dec", "made"
# Where to put pictures of every step, for whoever looks at them.
_PICTURES = os.environ.get("E2E_PICTURES", "")


@pytest.fixture
def added(gatehouse: Gatehouse, tmp_path: Path) -> None:
    """An operator added a model of the right form and no skill."""
    pack = made_pack(tmp_path / "made.onnx")
    subprocess.run(
        [sys.executable, "manage.py", "models", "add", str(pack), "--id", MADE,
         "--licence", "mine", "--channel-order", "rgb"],
        cwd=PROJECT,
        env=system_environment({"GATEHOUSE_DATA_DIR": str(gatehouse.data_dir)}),
        check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip


def look(page: Page, step: str) -> None:
    """Accessible in both sizes and themes, and pictures where somebody asked for them."""
    assert axe.check(page) == [], step
    if _PICTURES:
        for width in (1440, 390):
            for scheme in ("light", "dark"):
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=scheme)
                path = Path(_PICTURES) / f"{step}-{width}-{scheme}.png"
                page.screenshot(path=path, full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")


def test_another_model_is_prepared_compared_used_and_left(
    browser, gatehouse: Gatehouse, signed_in, known: None, added: None
) -> None:
    context = browser.new_context(base_url=gatehouse.base_url, storage_state=signed_in)
    axe.prepare(context)
    page = context.new_page()
    send_snapshot(add_camera(page, "Model gate"), photo(ADA, 3))

    page.goto("/calibration/model/")
    expect(page.get_by_text(f"Faces are recognised by {SHIPPED}")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    # Workers say every ten seconds which models they have.
    for _ in range(20):
        if page.get_by_role("button", name=f"Prepare {MADE}").count():
            break
        page.wait_for_timeout(1_000)
        page.reload()
    look(page, "others")
    page.get_by_role("button", name=f"Prepare {MADE}").click()
    # A model that was never loaded is compiled first.
    expect(page.get_by_role("heading", name=f"{MADE} is in shadow")).to_be_visible(timeout=120_000)
    expect(page.get_by_text("can be used once it has a threshold")).to_be_visible()
    look(page, "shadow")

    page.get_by_text("By hand", exact=True).click()
    page.get_by_role("spinbutton", name="Threshold").fill("0.99")
    page.get_by_role("textbox", name="Why").last.fill("Nothing is known of it")
    page.get_by_role("button", name="Save the threshold said by hand").click()
    expect(page.get_by_text(f"{MADE} will decide by")).to_contain_text("a face needs 0.990")
    # What it said before is decided anew by it, and the page hears of that.
    compared = page.get_by_role("table", name="What the two models said", exact=True)
    expect(compared).to_be_visible()
    look(page, "compared")

    page.get_by_role("button", name="Use this model").first.click()
    dialog = page.get_by_role("dialog", name=f"Use {MADE}?")
    expect(dialog).to_contain_text(f"{SHIPPED} keeps all its vectors")
    dialog.get_by_role("button", name="Use this model").click()
    expect(page.get_by_text(f"Faces are recognised by {MADE}")).to_be_visible()
    look(page, "used")

    page.get_by_role("button", name=f"Go back to {SHIPPED}").click()
    page.get_by_role("dialog").get_by_role("button", name="Go back").click()
    expect(page.get_by_text(f"Faces are recognised by {SHIPPED}")).to_be_visible()
    expect(page.get_by_text("Taken back").first).to_be_visible()
    look(page, "back")
    context.close()
