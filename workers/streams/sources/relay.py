"""The only way out of FFmpeg's RTSP client: one connection, to the address that was allowed.

FFmpeg follows an RTSP redirect wherever it points and has no option against that. So it is
connected to a socket of ours on loopback, which is joined to the camera; an answer that redirects
ends the connection before FFmpeg has read it.
Public surface: ``Relay``.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from typing import Final

from workers.streams.sources.frame_ends import FrameEnds

__all__ = ["Relay"]

# Twelve bytes that do not come about in pictures by chance.
_REDIRECT: Final = re.compile(rb"RTSP/1\.[01] 3\d\d")
_OVERLAP: Final = 12
_CHUNK: Final = 65_536


class Relay:
    """Joins ``upstream`` with whoever connects first to ``port`` on loopback."""

    def __init__(self, upstream: socket.socket) -> None:
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        self._client: socket.socket | None = None
        self.trouble = ""
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, name="relay", daemon=True).start()

    def close(self) -> None:
        for one in (self._listener, self._client, self._upstream):
            _end(one)

    def _serve(self) -> None:
        try:
            self._client, _ = self._listener.accept()
        except OSError:
            return
        finally:
            # Nobody else on this machine is let in.
            self._listener.close()
        threading.Thread(target=self._out, args=(self._client,), daemon=True).start()
        self._in(self._client)

    def _out(self, client: socket.socket) -> None:
        try:
            while data := client.recv(_CHUNK):
                self._upstream.sendall(data)
        except OSError:
            pass
        _end(self._upstream)

    def _in(self, client: socket.socket) -> None:
        tail, ends = b"", FrameEnds()
        try:
            while data := self._upstream.recv(_CHUNK):
                tail += data
                if _REDIRECT.search(tail):
                    self.trouble = "redirected"
                    break
                tail = tail[-_OVERLAP:]
                client.sendall(ends.feed(data))
            self.trouble = self.trouble or "closed"
        except TimeoutError:
            self.trouble = "silent"
        except OSError:
            self.trouble = "closed"
        _end(client)


def _end(one: socket.socket | None) -> None:
    if one is None:
        return
    with contextlib.suppress(OSError):
        # Wakes the thread that waits in it; closing alone would not.
        one.shutdown(socket.SHUT_RDWR)
    one.close()
