"""Made pictures as uncompressed or motion-JPEG video.

Both kinds are what Chromium plays for ``--use-file-for-fake-video-capture``; it loops the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.faces.files import jpeg_bytes
from tests.faces.head import Pose
from tests.faces.scene import render_face

__all__ = ["portrait_frames", "write_mjpeg", "write_y4m"]


def portrait_frames(
    identity: int, count: int = 20, *, size_px: tuple[int, int] = (640, 480)
) -> Iterator[NDArray[np.uint8]]:
    """Somebody who looks at the camera and moves the head a little; the last frame meets the first."""
    for index in range(count):
        phase = 2 * np.pi * index / count
        yield render_face(
            identity,
            pose=Pose(yaw=5 * np.sin(phase), pitch=2 * np.cos(phase), roll=2 * np.sin(phase)),
            size_px=size_px,
            face_fraction=0.6,
            centre=(0.5 + 0.02 * np.sin(phase), 0.5),
        )


def write_mjpeg(path: Path, frames: Iterable[NDArray[np.uint8]], *, quality: int = 90) -> Path:
    """JPEG pictures one behind the other."""
    path.write_bytes(b"".join(jpeg_bytes(frame, quality) for frame in frames))
    return path


def write_y4m(
    path: Path, frames: Iterable[NDArray[np.uint8]], *, frames_per_second: int = 20
) -> Path:
    """YUV4MPEG2, 4:2:0. Raises ``ValueError`` for no frames, odd sides or frames of two sizes."""
    size: tuple[int, int] | None = None
    with path.open("wb") as stream:
        for frame in frames:
            height, width = frame.shape[:2]
            if size is None:
                if width % 2 or height % 2:
                    raise ValueError(f"4:2:0 video needs even sides, got {width} x {height}")
                size = (width, height)
                head = f"YUV4MPEG2 W{width} H{height} F{frames_per_second}:1 Ip A1:1 C420jpeg\n"
                stream.write(head.encode())
            elif size != (width, height):
                raise ValueError(f"all frames must be {size} like the first: {width} x {height}")
            stream.write(b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420).tobytes())
    if size is None:
        raise ValueError("a video needs at least one frame")
    return path
