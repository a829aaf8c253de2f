"""Where the output of supervised processes goes: a file of limited size, warnings on the console.

Public surface: ``RotatingLog`` and ``ConsoleFilter``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

__all__ = ["ConsoleFilter", "RotatingLog"]

# Two files of this size per process: weeks of normal running, hours of a crash loop.
_MAX_BYTES = 10 * 1024 * 1024

# structlog's console form, its JSON form, and an exception nobody caught.
_LEVEL = re.compile(r'\[(debug|info|warning|error|critical) *\]|"level": ?"([a-z]+)"')
_UNCAUGHT = "Traceback (most recent call last):"
_LOUD = frozenset({"warning", "error", "critical"})


class RotatingLog:
    """Appends to ``path``; beyond ``max_bytes`` the file becomes ``path.1`` and a new one begins."""

    def __init__(self, path: Path, *, max_bytes: int = _MAX_BYTES) -> None:
        self.path = path
        self._max_bytes = max_bytes
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    def write(self, output: bytes) -> None:
        if self._file.tell() + len(output) > self._max_bytes and self._file.tell() > 0:
            self._file.close()
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
            self._file = self.path.open("ab", buffering=0)
        self._file.write(output)

    def tail(self, lines: int) -> str:
        """Return the last ``lines`` lines (of the last 64 KiB)."""
        with self.path.open("rb") as file:
            file.seek(max(0, self._file.tell() - 65_536))
            text = file.read().decode("utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def close(self) -> None:
        self._file.close()


class ConsoleFilter:
    """Hands on the lines of warnings and errors, with the lines of a traceback that follow."""

    def __init__(self, name: str, show: Callable[[str], None]) -> None:
        self._prefix = f"{name} | "
        self._show = show
        self._is_loud = False
        self._rest = b""

    def feed(self, output: bytes) -> None:
        *lines, self._rest = (self._rest + output).split(b"\n")
        # A process that never ends its line must not fill the memory.
        self._rest = self._rest[-65_536:]
        for line in lines:
            self._line(line.decode("utf-8", errors="replace").rstrip())

    def _line(self, line: str) -> None:
        # Only the head is searched: a message may quote another log.
        found = _LEVEL.search(line[:160])
        if found:
            self._is_loud = (found[1] or found[2]) in _LOUD
        elif line.startswith(_UNCAUGHT):
            self._is_loud = True
        if self._is_loud and line:
            self._show(self._prefix + line)
