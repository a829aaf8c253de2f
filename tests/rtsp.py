"""A real RTSP server on loopback: GStreamer's, from Debian's packages.

Public surface: ``RtspServer``, ``Sent``.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

__all__ = ["RtspServer", "Sent"]

SYSTEM_PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).with_name("rtsp_server.py")


@dataclass(frozen=True, slots=True)
class Sent:
    """A frame that the server gave away, and when (seconds since the epoch)."""

    stream: str
    frame: int
    at_s: float


class RtspServer:
    """Streams by name, each a file of ``tests.clips.write_h264`` and its frames a second.

    Skips the test where GStreamer's server is not installed. The port stays the same when the
    server is started anew.
    """

    def __init__(self, streams: Mapping[str, tuple[Path, float]], *, folder: Path) -> None:
        self._streams = dict(streams)
        self._log = folder / "sent.log"
        self._log.touch()
        self._process: subprocess.Popen[str] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def url(self, stream: str) -> str:
        return f"rtsp://127.0.0.1:{self.port}/{stream}"

    def start(self) -> None:
        named = [f"{name}={path}={fps}" for name, (path, fps) in self._streams.items()]
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(SCRIPT), str(self.port), str(self._log), *named],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            # Not the virtual environment's, which does not know GStreamer.
            env={"PATH": os.environ["PATH"]},
        )
        assert self._process.stdout
        if self._process.stdout.readline().strip() != "ready":
            _, said = self._process.communicate()
            if "gi" in said and "Error" in said:
                pytest.skip("needs the packages gir1.2-gst-rtsp-server-1.0 and python3-gi")
            raise RuntimeError(f"the RTSP server did not start: {said}")

    def kill(self) -> None:
        """At once, as a power cut would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.communicate()
            self._process = None

    def freeze(self, stream: str) -> None:
        """The connection stays, and nothing more is sent."""
        self._tell(f"freeze {stream}")

    def thaw(self, stream: str) -> None:
        self._tell(f"thaw {stream}")

    def sent(self) -> list[Sent]:
        """All frames given away so far, in order."""
        rows = (line.split() for line in self._log.read_text().splitlines())
        return [Sent(name, int(frame), float(at_s)) for name, frame, at_s in rows]

    def _tell(self, line: str) -> None:
        assert self._process
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
