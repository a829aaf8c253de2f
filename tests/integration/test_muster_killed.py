"""No mark that was acknowledged is lost, though the server is killed while people are marked."""

from __future__ import annotations

import json
import os
import re
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPException

import pytest

from bench.support import Browser, rows_of
from tests.e2e.presence_seeding import act
from tests.integration.gatehouse import Gatehouse

pytestmark = pytest.mark.integration

PEOPLE = 60
KILL_AFTER = (10, 30)


def test_what_was_acknowledged_survives_the_death_of_the_server(
    make_gatehouse: Callable[..., Gatehouse],
) -> None:
    system = make_gatehouse().start()
    browser = Browser(system)
    names = [f"Person {number}" for number in range(PEOPLE)]
    act(system, "here", "Harbour", "Harbour gate", *names)
    (site,) = rows_of(system, "SELECT id FROM organisation_site WHERE name = 'Harbour'")[0]
    landed, page = browser.submit(f"/attendance/roll-call/start/{dashed(site)}/", {"kind": "drill"})
    address = re.search(r"/attendance/roll-call/[0-9a-f-]{36}/", landed)
    signed = re.search(r'data-pass="([^"]+)"', page)
    token = re.search(r'"X-CSRFToken": "([^"]+)"', page)
    assert address is not None, landed
    assert signed is not None
    assert token is not None
    entries = re.findall(r'data-entry="([0-9a-f-]{36})"', page)
    assert len(entries) == PEOPLE

    kept: set[str] = set()
    kills = iter(KILL_AFTER)
    due = next(kills)
    for entry, key in numbered(entries):
        mark = {"key": key, "entry": entry, "state": "safe", "pass": signed.group(1)}
        # As the page does it: the same mark again until it is acknowledged.
        for _ in range(400):
            if send(system, browser, address.group(), token.group(1), mark):
                kept.add(entry)
                break
            time.sleep(0.1)  # it is on its way up again
        assert entry in kept, "the server came back in time"
        if len(kept) == due:
            os.kill(system.pid_of("portal.system.web"), signal.SIGKILL)
            due = next(kills, 0)

    marked = rows_of(system, "SELECT entry_id, count(*) FROM muster_musterchange GROUP BY entry_id")
    assert {dashed(str(entry)) for entry, _ in marked} == kept == set(entries)
    assert {count for _, count in marked} == {1}, "each once, however often it was sent"
    assert rows_of(system, "SELECT count(*) FROM muster_musterentry WHERE state = 'safe'") == [
        (PEOPLE,)
    ]


def numbered(entries: list[str]) -> Iterator[tuple[str, str]]:
    return ((entry, f"killed{number:06d}") for number, entry in enumerate(entries))


def send(
    system: Gatehouse, browser: Browser, address: str, token: str, mark: dict[str, str]
) -> bool:
    """Whether the mark was acknowledged."""
    body = {"sent_at": "2026-01-01T00:00:00Z", "marks": [mark]}
    request = urllib.request.Request(  # noqa: S310 - our own http:// address
        f"{system.base_url}{address}marks/",
        data=json.dumps(body).encode(),
        headers={
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Cookie": browser.cookie,
            "X-CSRFToken": token,
            "Referer": f"{system.base_url}{address}",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
            return mark["key"] in json.load(answer)["kept"]
    except (OSError, HTTPException):
        return False


def dashed(identifier: object) -> str:
    text = str(identifier).replace("-", "")
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
