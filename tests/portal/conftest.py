"""Every test here has its own data directory, and reaches neither broker nor browsers."""

import pytest


@pytest.fixture(autouse=True)
def _isolated(isolated: None) -> None:
    pass
