"""Where pictures come from, one module a kind. They run in the decoder process: no Django.

Public surface: ``open_source``, ``Decoded``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from workers.streams.messages import Assignment, Trouble
from workers.streams.sources.decoded import Decoded

__all__ = ["Decoded", "open_source"]


def open_source(task: Assignment, *, on_error: Callable[[], None]) -> Iterator[Decoded]:
    """The frames of ``task`` for as long as they come. Raises ``Trouble``.

    ``on_error`` is called for every frame that could not be decoded.
    """
    if task.kind == "rtsp":
        from workers.streams.sources.rtsp import rtsp_frames

        return rtsp_frames(task, on_error=on_error)
    if task.kind == "mjpeg":
        from workers.streams.sources.mjpeg import mjpeg_frames

        return mjpeg_frames(task)
    if task.kind == "snapshot":
        from workers.streams.sources.snapshot import snapshot_frames

        return snapshot_frames(task)
    if task.kind == "file":
        from workers.streams.sources.video_file import file_frames

        return file_frames(task, on_error=on_error)
    raise Trouble("address")
