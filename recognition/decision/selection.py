"""Which face of a picture is the person meant. Public surface: ``main_face_order``."""

from __future__ import annotations

from collections.abc import Sequence

from recognition.contracts import Box

__all__ = ["main_face_order"]

_CENTRE_WEIGHT = 2.0  # FaceNet's align_dataset_mtcnn.py, also for the figures measured here


def main_face_order(boxes: Sequence[Box], *, width_px: int, height_px: int) -> list[int]:
    """Positions in ``boxes``, the main face first: large and near the picture's centre.

    The rule of FaceNet's alignment script: area minus twice the squared distance between the
    centres of box and picture, in square pixels, falling. Equals keep their given order.
    """
    middle_x, middle_y = width_px / 2, height_px / 2

    def weight(position: int) -> float:
        x, y = boxes[position].centre
        distance_squared = (x - middle_x) ** 2 + (y - middle_y) ** 2
        return boxes[position].area - _CENTRE_WEIGHT * distance_squared

    return sorted(range(len(boxes)), key=weight, reverse=True)
