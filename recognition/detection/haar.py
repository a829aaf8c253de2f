"""The Haar cascade of OpenCV behind the Detector Protocol: no network, no weights to verify.

For machines and comparisons where a cascade is wanted. It finds frontal faces only and has no
landmarks: those it gives are the box's, so that alignment is by the box alone.
Public surface: ``HaarDetector``, ``MIN_FACE_PX``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from recognition.contracts import Box, Detection, Picture
from recognition.detection._pictures import check_pictures
from recognition.errors import WeightsError

__all__ = ["MIN_FACE_PX", "HaarDetector"]

_CASCADE = "haarcascade_frontalface_alt2.xml"
# The published capture script's settings.
_SCALE_STEP = 1.2
_MIN_NEIGHBOURS = 3
MIN_FACE_PX = 32

# Mean places of MTCNN's landmarks in the cascade's box, as fractions of its sides, over
# 2,611 faces in 2,567 photos of LFW; standard deviations 0.02 (eyes) to 0.05 (nose, mouth).
_LAYOUT = np.array(
    [[0.320, 0.401], [0.694, 0.392], [0.510, 0.615], [0.348, 0.808], [0.680, 0.800]],
    dtype=np.float32,
)
# P(face) for the cascade's last stage sum, a logistic curve fitted to these 2,611 and 23 windows
# that MTCNN calls no face: the sums overlap (54.4 to 58.8 and 54.4 to 57.1), so it says little.
_SLOPE = 3.01
_HALF_AT = 54.34


class HaarDetector:
    """``contracts.Detector`` over OpenCV's ``haarcascade_frontalface_alt2``. Not thread-safe.

    The cascade is loaded once. A score is the share of faces among the windows of LFW that have
    the same stage sum; ``threshold`` is the least that is given. Landmarks are a mean face's in
    the box, two to five percent of its side off: enough to crop, poor for recognition, and a
    turned or tilted head is not straightened.

    Raises ``ValueError`` for a threshold or size out of range, ``WeightsError`` where OpenCV
    does not bring its cascades (they left with OpenCV 5).
    """

    name = "haar"

    def __init__(self, *, threshold: float = 0.7, min_face_px: int = MIN_FACE_PX) -> None:
        if not 0.0 <= threshold <= 1.0:
            raise ValueError(f"threshold must lie in [0, 1], got {threshold}")
        if min_face_px < 1:
            raise ValueError(f"min_face_px must be at least 1, got {min_face_px}")
        self._threshold = threshold
        self._min_face_px = min_face_px
        folder = getattr(getattr(cv2, "data", None), "haarcascades", None)
        path = Path(folder or ".") / _CASCADE
        if folder is None or not path.is_file():
            raise WeightsError(
                f"OpenCV {cv2.__version__} has no {_CASCADE}: install the pinned "
                "opencv-python-headless (below 5), or choose the detector yunet",
                code="weights.missing",
            )
        self._cascade = cv2.CascadeClassifier(str(path))

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        """Return, per picture, its frontal faces ordered by falling score.

        Raises ``ValueError`` for a picture that is not ``(H, W, 3) uint8``.
        """
        check_pictures(pictures)
        return [self._detect(picture) for picture in pictures]

    def _detect(self, picture: Picture) -> list[Detection]:
        boxes, _, stage_sums = self._cascade.detectMultiScale3(
            cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY),
            scaleFactor=_SCALE_STEP,
            minNeighbors=_MIN_NEIGHBOURS,
            minSize=(self._min_face_px, self._min_face_px),
            outputRejectLevels=True,
        )
        scores = 1.0 / (1.0 + np.exp(-_SLOPE * (np.ravel(stage_sums) - _HALF_AT)))
        faces = [
            _detection(*map(float, box), score=float(score))
            for box, score in zip(boxes, scores, strict=True)
            if score >= self._threshold
        ]
        return sorted(faces, key=lambda face: -face.score)


def _detection(x: float, y: float, width: float, height: float, *, score: float) -> Detection:
    landmarks = _LAYOUT * np.array([width, height], np.float32) + np.array([x, y], np.float32)
    return Detection(box=Box(x, y, width, height), landmarks=landmarks, score=score)
