"""The accessibility check of one page: axe-core, sideways scrolling, both themes, two widths.

Public surface: ``prepare``, ``check``. A context is prepared before its first page is opened.
"""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import BrowserContext, Page, ViewportSize

__all__ = ["check", "prepare"]

_AXE = Path(__file__).parent / "vendor" / "axe.min.js"
_SIZES: dict[str, ViewportSize] = {
    "desk": {"width": 1440, "height": 900},
    "phone": {"width": 390, "height": 844},
}

# Colours are read at rest: an inherited colour moves on after the element that it comes from.
_RUN = """async (rules) => {
    const isMoving = () => document.getAnimations()
        .some((one) => Number.isFinite(one.effect.getComputedTiming().endTime));
    do {
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)));
    } while (isMoving());
    const options = { resultTypes: ["violations"] };
    if (rules) {
        options.runOnly = { type: "rule", values: rules };
    }
    const { violations } = await axe.run(document, options);
    return violations
        .filter((found) => ["serious", "critical"].includes(found.impact))
        .flatMap((found) => found.nodes.map(
            (node) => `${found.id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}"""

# What reaches over the screen's right edge, once the page is known to be too wide.
_TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
    [...document.querySelectorAll("body *")]
        .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
        .slice(0, 8)
        .map((one) => `${one.tagName}.${one.className?.baseVal ?? one.className}`)"""


def prepare(context: BrowserContext) -> None:
    """Give every page of the context axe; an init script is not subject to the page's policy."""
    context.add_init_script(path=_AXE)


def check(page: Page) -> list[str]:
    """Everything serious that is wrong with the page as it is now; empty is good.

    Layout and names are checked light at both widths; dark differs in its colours alone. Axe
    tries inline styles, which the policy refuses: look at the console before, not after.
    """
    wrong: list[str] = []
    for size, viewport in _SIZES.items():
        page.set_viewport_size(viewport)
        for scheme, rules in (("light", None), ("dark", ["color-contrast"])):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            wrong += [f"{size}, {scheme}: {found}" for found in page.evaluate(_RUN, rules)]
        wrong += [f"{size}: too wide: {found}" for found in page.evaluate(_TOO_WIDE)]
    page.set_viewport_size(_SIZES["desk"])
    page.emulate_media(color_scheme="light")
    return wrong
