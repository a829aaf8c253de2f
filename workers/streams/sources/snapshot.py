"""A camera that is asked for one picture after the other. Public surface: ``snapshot_frames``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from workers.streams.messages import Assignment
from workers.streams.sources.decoded import Decoded, decoded_jpeg
from workers.streams.sources.http import CameraClient

__all__ = ["MOST_BYTES", "snapshot_frames"]

MOST_BYTES: Final = 12 * 1024 * 1024


def snapshot_frames(task: Assignment) -> Iterator[Decoded]:
    client = CameraClient(task)
    period_s = 1.0 / max(task.rate_fps, 0.01)
    try:
        while True:
            asked_s = time.monotonic()
            data = client.body(most_bytes=MOST_BYTES)
            yield decoded_jpeg(data, skew_ms=client.skew_ms)
            time.sleep(max(asked_s + period_s - time.monotonic(), 0.0))
    finally:
        client.close()
