"""What every detector asks of a picture, said once. Public surface: ``check_pictures``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recognition.contracts import Picture

__all__ = ["check_pictures"]


def check_pictures(pictures: Sequence[Picture]) -> None:
    """Raise ``ValueError``, naming the first picture that is not ``(H, W, 3) uint8`` with pixels."""
    for number, picture in enumerate(pictures):
        if (
            picture.ndim != 3
            or picture.shape[2] != 3
            or picture.dtype != np.uint8
            or 0 in picture.shape
        ):
            raise ValueError(
                f"picture {number} must be (H, W, 3) uint8 RGB with H and W of at least 1, got "
                f"{picture.shape} {picture.dtype}: decode it with recognition.images.decode_image, "
                "which makes RGB of every picture, or repeat a grey one three times"
            )
