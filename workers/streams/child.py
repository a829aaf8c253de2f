"""The streams' end of one decoder process: begin, listen, fetch, kill.

Public surface: ``DecoderChild``, ``Launch``.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from workers.streams.messages import TROUBLES, Assignment
from workers.streams.slot import SlotFrame, SlotReader

__all__ = ["DecoderChild", "Launch", "Measured"]

Launch = Callable[[Assignment], "DecoderChild"]

_PROJECT_DIR: Final = Path(__file__).resolve().parents[2]
# Of the environment only what Python itself needs, and what tells whose process this is: the
# database's password is none of a decoder's business.
_KEPT: Final = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "GATEHOUSE_DATA_DIR"),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What the decoder counted since it began."""

    decoded: int
    errors: int
    decoded_at_s: float
    skew_ms: float | None
    width_px: int
    height_px: int


class DecoderChild:
    """Start it in a thread that lives as long as the process: the child ends with that thread."""

    def __init__(self, task: Assignment) -> None:
        self._slot = SlotReader()
        self._sequence = 0
        self._rest = b""
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "workers.streams.decoder"),
                *(str(self._slot.fd), str(os.getpid())),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_PROJECT_DIR,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
            pass_fds=(self._slot.fd,),
        )
        try:
            if self._process.stdin is not None:
                self._process.stdin.write(task.dump())
                self._process.stdin.close()
        except BrokenPipeError:
            # It is gone already, which ``listen`` will tell.
            pass
        os.set_blocking(self.fileno(), False)

    @property
    def pid(self) -> int:
        return self._process.pid

    def fileno(self) -> int:
        if self._process.stdout is None:
            return -1
        return self._process.stdout.fileno()

    def listen(self) -> str:
        """Read what it said; the code of its trouble, where it has ended."""
        try:
            data = os.read(self.fileno(), 65_536)
        except BlockingIOError:
            return ""
        self._rest += data
        *lines, self._rest = self._rest.split(b"\n")
        self._rest = self._rest[-64:]
        for line in lines:
            code = line.decode("ascii", "replace")
            if code in TROUBLES:
                return code
        return "" if data else "crashed"

    def newest(self) -> SlotFrame | None:
        frame = self._slot.newest(after=self._sequence)
        if frame is not None:
            self._sequence = frame.sequence
        return frame

    @property
    def has_news(self) -> bool:
        return self._slot.sequence > self._sequence

    def measured(self) -> Measured:
        head: Any = self._slot.head
        skew_ms = float(head["skew_ms"])
        return Measured(
            decoded=int(head["decoded"]),
            errors=int(head["errors"]),
            decoded_at_s=float(head["decoded_at_s"]),
            skew_ms=skew_ms if math.isfinite(skew_ms) else None,
            width_px=min(int(head["width"]), 100_000),
            height_px=min(int(head["height"]), 100_000),
        )

    def kill(self) -> None:
        """At once, whatever it does: it may hang, or be stopped."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._slot.close()
