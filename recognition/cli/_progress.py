"""Progress of long work on the terminal. Public surface: ``with_progress``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

__all__ = ["with_progress"]

Item = TypeVar("Item")

_TERMINAL_INTERVAL_S = 0.2
_LOG_INTERVAL_S = 15.0


def with_progress(items: Iterable[Item], *, total: int, label: str) -> Iterator[Item]:
    """Yield ``items`` and say on stderr how far the work is and how long it will take.

    On a terminal one line is rewritten; in a log file a line comes every 15 seconds. Work that
    ends before its first line says nothing.
    """
    is_terminal = sys.stderr.isatty()
    interval_s = _TERMINAL_INTERVAL_S if is_terminal else _LOG_INTERVAL_S
    started = last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last < interval_s:
            continue
        last = now
        left_s = (now - started) / done * max(total - done, 0)
        line = f"{label}: {done:,} of {total:,}, {done / (now - started):.0f} a second, {left_s:.0f} s left"
        print(
            f"\r{line:<78}" if is_terminal else line,
            end="" if is_terminal else "\n",
            file=sys.stderr,
            flush=True,
        )
    if is_terminal and last != started:
        print(f"\r{'':<78}\r", end="", file=sys.stderr, flush=True)
