"""No detection: every picture is one crop already, of a face or of whatever is told apart.

Public surface: ``WholePictureDetector``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recognition.alignment.align import ARCFACE_TEMPLATE_112
from recognition.contracts import Box, Detection, Picture

__all__ = ["WholePictureDetector"]


class WholePictureDetector:
    """Answers the largest central square, with landmarks where the ArcFace template has them.

    So a square picture of the model's size goes into the network pixel for pixel, whichever way
    the model wants its faces cut; others are scaled.
    """

    name = "pre-cropped"

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        return [[_whole(picture)] for picture in pictures]


def _whole(picture: Picture) -> Detection:
    height, width = picture.shape[:2]
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    landmarks = ARCFACE_TEMPLATE_112 * (side / 112) + (left, top)
    return Detection(
        Box(float(left), float(top), float(side), float(side)), landmarks.astype(np.float32), 1.0
    )
