"""Least-squares similarity alignment of faces to the ArcFace five-point template.

Public surface: ``align_faces`` and the template itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Picture
from recognition.geometry.similarity import fit_similarity

__all__ = ["ARCFACE_TEMPLATE_112", "align_faces"]

# Published with ArcFace (Deng et al., CVPR 2019) and used by SFace and the InsightFace packs:
# left eye, right eye, nose tip, left and right mouth corner, as seen in a 112 x 112 crop.
ARCFACE_TEMPLATE_112: NDArray[np.float64] = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)
ARCFACE_TEMPLATE_112.flags.writeable = False


def align_faces(
    picture: Picture, landmarks: Sequence[NDArray[Any]], *, size: int = 112
) -> NDArray[np.uint8]:
    """Cut every face out of ``picture``, turned and scaled so that its landmarks fit the template.

    ``picture`` is ``(H, W, 3) uint8`` RGB; each entry of ``landmarks`` is ``(5, 2)`` in its pixels,
    in the order of ``contracts.Detection``. Returns ``(N, size, size, 3) uint8`` RGB; bilinear,
    black outside the picture; N may be 0. The template grows in proportion to ``size``.

    Raises ``ValueError`` for a picture or landmarks of another shape, for landmarks from which no
    similarity can be fitted, and for a size below 1.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ValueError(
            f"picture must be (H, W, 3) uint8 RGB, got {picture.shape} {picture.dtype}"
        )
    if size < 1:
        raise ValueError(f"size must be at least 1 px, got {size}")
    template = ARCFACE_TEMPLATE_112 * (size / 112)
    aligned = np.zeros((len(landmarks), size, size, 3), dtype=np.uint8)
    for crop, points in zip(aligned, landmarks, strict=True):
        if np.shape(points) != (5, 2):
            raise ValueError(f"a face needs landmarks of shape (5, 2), got {np.shape(points)}")
        cv2.warpAffine(
            picture,
            fit_similarity(points, template),
            (size, size),
            dst=crop,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=0,
        )
    return aligned
