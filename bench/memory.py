"""Measure whether the running system's memory grows with work.

    python -m bench.memory [--snapshots 5000] [--warm-up 1500]

Per process, before and after: anonymous memory (what it holds itself, the figure that a leak
shows in) and its share of mapped files (libraries, and the pages of the database that SQLite maps
and the kernel takes back at will). Leaves with status 1 where anonymous memory grew by more than
2 % in sum.
"""

from __future__ import annotations

import argparse
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.sender import Target, send_all
from bench.support import LiveListener, SmallLfw, describe_machine, small_lfw, system_with_camera
from tests.integration.gatehouse import Gatehouse

__all__ = ["Memory", "main", "memory_of"]

GOAL = 0.02
SENDERS = 8
ROUND = 500

_NAMES = (
    ("portal.system.web", "web process"),
    ("portal.system.warden", "warden"),
    ("valkey-server", "broker"),
    ("redis-server", "broker"),
    ("--queues recognition", "recognition worker"),
    ("--queues light", "light worker"),
)


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one process, in MB: its own, and its share of what is mapped from files."""

    anonymous_mb: float
    files_mb: float


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--snapshots", type=int, default=5000)
    parser.add_argument("--warm-up", type=int, default=1500)
    options = parser.parse_args()
    data = small_lfw()
    print(describe_machine())
    with (
        system_with_camera(enrol=data.enrol) as (system, browser, target),
        LiveListener(system, browser.cookie) as live,
    ):
        _work(target, live, data, options.warm_up)
        before = memory_of(system)
        started = time.perf_counter()
        _work(target, live, data, options.snapshots)
        seconds = time.perf_counter() - started
        after = memory_of(system)
    print(f"{options.snapshots} snapshots in {seconds:.0f} s, after {options.warm_up} to warm up")
    return 0 if _report(before, after) <= GOAL else 1


def memory_of(system: Gatehouse) -> dict[str, Memory]:
    """Memory per process, named by its part and numbered where there are several."""
    found: dict[str, Memory] = {}
    processes = {**system.processes(), system.pid: "manage.py up"}
    for pid, command in sorted(processes.items()):
        part = next((name for mark, name in _NAMES if mark in command), "manage.py up")
        number = sum(name.startswith(part) for name in found)
        name = f"{part} {number + 1}" if number else part
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        sizes = {
            line.split()[0].rstrip(":"): int(line.split()[1]) / 1024
            for line in text.splitlines()[1:]
        }
        found[name] = Memory(sizes["Pss_Anon"], sizes["Pss_File"] + sizes["Pss_Shmem"])
    return found


def _work(target: Target, live: LiveListener, data: SmallLfw, count: int) -> None:
    for start in range(0, count, ROUND):
        photos = data.snapshots(min(ROUND, count - start))
        sent = send_all(
            target,
            [photo.data for photo in photos],
            keys=[uuid.uuid4().hex for _ in photos],
            senders=SENDERS,
        )
        live.wait_for([item.id for item in sent], within_s=300)


def _report(before: Mapping[str, Memory], after: Mapping[str, Memory]) -> float:
    """Print the table; returns the growth of anonymous memory in sum, 0.02 for 2 %."""
    print(f"{'':22}{'own memory, MB':>24}{'mapped files, MB':>24}")
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, Memory(0, 0)), after.get(name, Memory(0, 0))
        print(
            f"{name:22}{old.anonymous_mb:10.1f} → {new.anonymous_mb:7.1f}    "
            f"{old.files_mb:10.1f} → {new.files_mb:7.1f}"
        )
    was = sum(memory.anonymous_mb for memory in before.values())
    now = sum(memory.anonymous_mb for memory in after.values())
    growth = now / was - 1
    print(
        f"own memory in sum {was:.1f} → {now:.1f} MB, {growth:+.2%}; at most {GOAL:.0%} "
        f"was the goal, {'met' if growth <= GOAL else 'not met'}"
    )
    return growth


if __name__ == "__main__":
    sys.exit(main())
