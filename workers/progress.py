"""A progress bar for terminals; where the output is no terminal, only the remarks are written."""

from __future__ import annotations

import time
from typing import TextIO

__all__ = ["ProgressBar"]

WIDTH = 32
REDRAW_S = 0.1


class ProgressBar:
    def __init__(self, total: int, *, stream: TextIO, label: str) -> None:
        self._total = max(total, 1)
        self._stream = stream
        self._label = label
        self._done = 0
        self._drawn_at = 0.0
        self._started_at = time.monotonic()
        self._is_terminal = stream.isatty()

    def advance(self) -> None:
        self._done += 1
        if time.monotonic() - self._drawn_at > REDRAW_S or self._done == self._total:
            self._draw()

    def say(self, line: str) -> None:
        """Write a line above the bar."""
        if self._is_terminal:
            self._stream.write("\r\x1b[K")
        self._stream.write(f"{line}\n")
        self._draw()

    def close(self) -> None:
        if self._is_terminal:
            self._stream.write("\n")
            self._stream.flush()

    def _draw(self) -> None:
        if not self._is_terminal:
            return
        self._drawn_at = time.monotonic()
        filled = WIDTH * self._done // self._total
        rate = self._done / max(self._drawn_at - self._started_at, 1e-6)
        self._stream.write(
            f"\r\x1b[K{'█' * filled}{'·' * (WIDTH - filled)} "
            f"{self._done}/{self._total} {self._label}, {rate:.0f}/s"
        )
        self._stream.flush()
