"""Crops for people to look at. Nothing here is seen by a network."""

from __future__ import annotations

import cv2
import numpy as np

from recognition.contracts import Box, Picture

__all__ = ["PORTRAIT_PX", "cut_portrait"]

PORTRAIT_PX = 160
# Hair and chin belong to how people recognise a face; a detector's box leaves them out.
_ROOM = 1.5


def cut_portrait(picture: Picture, box: Box, *, size: int = PORTRAIT_PX) -> Picture:
    """A square of ``size`` pixels around the face, ``(size, size, 3) uint8`` RGB.

    The square is ``1.5`` times the longer side of the box; where it reaches over the edge of the
    picture, the edge's pixels are repeated.
    """
    side = max(box.width, box.height, 1.0) * _ROOM
    centre_x, centre_y = box.centre
    scale = size / side
    placed = np.array(
        [[scale, 0.0, (side / 2 - centre_x) * scale], [0.0, scale, (side / 2 - centre_y) * scale]]
    )
    flags = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    x0, y0 = max(int(centre_x - side), 0), max(int(centre_y - side), 0)
    part = picture[y0 : int(centre_y + side) + 1, x0 : int(centre_x + side) + 1]
    placed[:, 2] += placed[:, :2] @ (x0, y0)
    portrait = cv2.warpAffine(
        np.ascontiguousarray(part),
        placed,
        (size, size),
        flags=flags,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return portrait.astype(np.uint8, copy=False)
