"""Where the real photos are: GATEHOUSE_TEST_DATA, else ``shared/data`` beside the checkout.

They are never part of the project; a test that needs them says so and is skipped without them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

__all__ = ["REAL_DATA", "real_photos"]

REAL_DATA = Path(
    os.environ.get("GATEHOUSE_TEST_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data"
)


def real_photos(name: str) -> Path:
    """The folder ``name`` of the real photos; skips the test where it is absent."""
    folder = REAL_DATA / name
    if not folder.is_dir():
        pytest.skip(f"no real photos at {folder}: set GATEHOUSE_TEST_DATA to the folder above it")
    return folder
