"""Debian's Chromium without its windows, driven by Playwright: the pages are drawn by the same
engine for a third less of the processor. Public surface: ``CHROMIUM``, ``launch``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, BrowserType

__all__ = ["CHROMIUM", "launch"]

CHROMIUM = Path("/usr/bin/chromium-headless-shell")

_FLAGS = (
    "--no-sandbox",  # containers run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def launch(browser_type: BrowserType, *, flags: Sequence[str] = ()) -> Browser:
    """A browser without a window, with extra command-line ``flags``."""
    return browser_type.launch(executable_path=CHROMIUM, args=[*_FLAGS, *flags])
