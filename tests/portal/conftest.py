"""Every test here has its own data directory, and reaches neither broker nor browsers."""

import pytest

# What two moments differ in is told by the assertions there.
pytest.register_assert_rewrite("tests.portal.undoing")


@pytest.fixture(autouse=True)
def _isolated(isolated: None) -> None:
    pass
