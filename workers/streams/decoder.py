"""The process that decodes one camera: ``python -m workers.streams.decoder FD PARENT``.

It reads its ``Assignment`` from standard input, puts the newest frame that is worth a look into
the shared memory ``FD``, and writes a line to standard output: ``f`` for a frame, or the code of
what went wrong, after which it ends. It has no settings, no keys and no database, since what it
decodes comes from strangers; whoever started it may kill it at any time.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from typing import Final

from portal.system.process import die_with_parent
from workers.streams.messages import ENDED, Assignment, Trouble
from workers.streams.motion import Sampler
from workers.streams.slot import SlotWriter
from workers.streams.sources import Decoded, open_source

__all__ = ["main"]

FRAME: Final = b"f\n"
# Older frames are passed over, to catch up with the camera.
_LATE_S: Final = 2.5
# A stream that did not catch up in this time is begun anew.
_CATCH_UP_S: Final = 5.0
_MOST_MEMORY_BYTES: Final = 4 * 1024**3
_MOST_ERRORS: Final = 20


def main(arguments: list[str]) -> None:
    fd, parent = (int(one) for one in arguments)
    die_with_parent()
    if os.getppid() != parent:
        return
    _limit()
    # A notice that does not fit is not needed: those before it were not read yet.
    os.set_blocking(1, False)
    try:
        _decode(Assignment.load(sys.stdin.buffer.read()), SlotWriter(fd))
        _say(ENDED)
    except Trouble as trouble:
        _say(trouble.code)
    except Exception:  # noqa: BLE001 - texts of libraries name addresses
        _say("crashed")
    # Threads that wait for the camera are of no interest any more.
    os._exit(0)


def _decode(task: Assignment, slot: SlotWriter) -> None:
    # What a snapshot camera gives was asked for at that rate already.
    sampler = Sampler(1000.0 if task.kind == "snapshot" else task.rate_fps)
    punctual_s, unreadable = time.monotonic(), 0
    for decoded in open_source(task, on_error=slot.error):
        now_s = time.monotonic()
        if decoded.lag_s > _LATE_S:
            if now_s - punctual_s > _CATCH_UP_S:
                raise Trouble("behind")
            continue
        punctual_s = now_s
        if not _take(decoded, slot, sampler, now_s):
            slot.error()
            unreadable += 1
            if unreadable > _MOST_ERRORS:
                raise Trouble("unreadable")
        else:
            unreadable = 0


def _take(decoded: Decoded, slot: SlotWriter, sampler: Sampler, now_s: float) -> bool:
    """False where the frame cannot be read."""
    width, height = decoded.width_px, decoded.height_px
    is_due = sampler.is_due(now_s)
    luma = decoded.luma() if is_due else None
    if is_due and luma is None:
        return False
    picture = None
    if luma is not None and sampler.is_worth(luma, now_s):
        picture = decoded.picture()
        height, width = (height or picture.shape[0]), (width or picture.shape[1])
    # Counted before it can be fetched: whoever has a picture knows that the camera gives some.
    slot.tick(width=width, height=height, skew_ms=decoded.skew_ms)
    if picture is not None:
        slot.write(picture, at_s=now_s - decoded.lag_s)
        _write(FRAME)
    return True


def _say(code: str) -> None:
    os.set_blocking(1, True)
    _write(f"{code}\n".encode("ascii"))


def _write(line: bytes) -> None:
    try:
        os.write(1, line)
    except BlockingIOError:
        return


def _limit() -> None:
    # A core dump would hold pictures and the password.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY_BYTES, _MOST_MEMORY_BYTES))


if __name__ == "__main__":
    main(sys.argv[1:])
