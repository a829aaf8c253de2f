"""Without the master key that its database knows, Gatehouse does not start, and makes no other."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable

import pytest

from tests.integration.gatehouse import Gatehouse

pytestmark = pytest.mark.integration


def test_a_missing_or_wrong_master_key_is_explained_and_nothing_is_started(
    make_gatehouse: Callable[..., Gatehouse],
) -> None:
    system = make_gatehouse().start()
    assert system.stop() == 0
    master = system.data_dir / "keys" / "master.key"
    genuine = master.read_bytes()

    master.unlink()
    system.launch()
    assert system.wait_for_end() == 2
    assert "keys/master.key is missing" in system.lines[-1]
    assert "Restore the key from the backup" in system.lines[-1]
    assert not master.exists(), "a key that is missing is never replaced by a new one"
    assert system.processes() == {}

    master.write_bytes(urlsafe_b64encode(bytes(48)))
    system.launch()
    assert system.wait_for_end() == 2
    assert "keys/master.key is not the key" in system.lines[-1]
    assert not any("Traceback" in line for line in system.lines)
    assert system.processes() == {}

    master.write_bytes(genuine)
    assert system.start().get("/readyz") == 200
