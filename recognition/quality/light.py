"""How a face is lit: the two cheeks compared, what is black or burnt out, how many greys there are.

Measured on the aligned crop, where the features stand at known places. Public surface:
``measure_light`` with ``Light``.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Light", "measure_light"]

# Rows and columns of the aligned 112 x 112 crop: the face without hair and background, and a cheek
# from under the eye to beside the mouth on either side of the nose.
_FACE = np.s_[30:108, 28:84]
_LEFT_CHEEK = np.s_[58:88, 26:50]
_RIGHT_CHEEK = np.s_[58:88, 62:86]
# Grey levels that OFIQ 1.0 counts as under- and over-exposed (UnderExposurePrevention.cpp,
# OverExposurePrevention.cpp).
_DARK_TO, _BRIGHT_FROM = 25, 247


@dataclass(frozen=True, slots=True)
class Light:
    """``evenness`` 0..1, parts of the face 0..1, and the entropy of its grey levels in bits."""

    evenness: float
    dark_fraction: float
    bright_fraction: float
    dynamic_range_bits: float


def measure_light(grey: NDArray[np.uint8]) -> Light:
    """Measure the aligned ``(112, 112) uint8`` grey crop of a face.

    ``evenness`` is the darker cheek's mean over the lighter one's. ISO/IEC 29794-5 takes the
    overlap of their histograms; that fell to 0.09 at half the light on one side, where
    recognition lost little, and to 0.03 and up again for less light: it tells no degrees. The other
    numbers are the standard's exposure and dynamic range measures.
    """
    counts = cv2.calcHist([grey[_FACE]], [0], None, [256], [0, 256])[:, 0]
    levels = counts / counts.sum()
    used = levels[levels > 0.0]
    # One grey level more for each: two black cheeks are lit alike.
    left, right = cv2.mean(grey[_LEFT_CHEEK])[0] + 1, cv2.mean(grey[_RIGHT_CHEEK])[0] + 1
    return Light(
        evenness=min(left, right) / max(left, right),
        dark_fraction=float(levels[: _DARK_TO + 1].sum()),
        bright_fraction=float(levels[_BRIGHT_FROM:].sum()),
        dynamic_range_bits=abs(float(used @ np.log2(used))),
    )
