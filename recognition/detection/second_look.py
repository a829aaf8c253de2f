"""Better landmarks from YuNet: a second look at every face, from near.

Public surface: ``LandmarkRefiner``. Measured in ``bench/ACCURACY.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.alignment.align import ARCFACE_TEMPLATE_112
from recognition.contracts import Picture
from recognition.geometry.landmarks import agreed_landmarks
from recognition.geometry.similarity import fit_similarity
from recognition.runtime.base import Network

__all__ = ["LandmarkRefiner"]

Points = NDArray[np.float32]

_SIDE_PX = 256
# How far apart the eyes come to lie. YuNet under-measures how a small face is tilted: turned by 16
# degrees, it answers 5 with the eyes 32 px apart, 11 at 64, 15 at 96.
_EYES_PX = 96.0
_STRIDES = (8, 16, 32)
_LEAST_SCORE = 0.3
# Mean distance per coordinate from where the first look saw the points. Tilted by 30 degrees more
# than it said they are 20 px away; another face is beside this one, from about 100 px on.
_REACH_PX = 40.0
# The same between two cells that mean one face; cells disagree by a few pixels.
_AGREE_PX = 24.0

_CENTRE = np.array([56.0, 70.0])  # of the template's eyes, nose and mouth
_EXPECTED: NDArray[np.float64] = (ARCFACE_TEMPLATE_112 - _CENTRE) * (
    _EYES_PX / float(np.hypot(*(ARCFACE_TEMPLATE_112[1] - ARCFACE_TEMPLATE_112[0])))
) + _SIDE_PX / 2
_MIRRORED = [1, 0, 2, 4, 3]  # which point each one is in the mirror image


class LandmarkRefiner:
    """Sees every face again: levelled, large, in the middle, and in the mirror.

    A face costs two runs of YuNet over 256 x 256 px. Not thread-safe, as its network is not.
    """

    def __init__(self, network: Network) -> None:
        """``network`` is the detector's own YuNet."""
        self._network = network

    def refine(
        self, pictures: Sequence[Picture], landmarks: Sequence[NDArray[Any]]
    ) -> list[Points]:
        """Better landmarks for each face, ``(5, 2) float32`` in its picture's pixels.

        ``landmarks[i]``, ``(5, 2)``, is a face of ``pictures[i]``, ``(H, W, 3) uint8`` RGB; a
        picture comes once for each of its faces. A face that the second look does not find where
        the first saw it keeps its landmarks, as do landmarks from which no similarity can be
        fitted. Raises ``ValueError`` where there are not as many pictures as faces.
        """
        if len(pictures) != len(landmarks):
            raise ValueError(f"{len(pictures)} pictures came with {len(landmarks)} faces")
        refined = [np.asarray(points, dtype=np.float32) for points in landmarks]
        moves: list[NDArray[np.float64]] = []
        crops: list[Picture] = []
        faces: list[int] = []
        for face, (picture, points) in enumerate(zip(pictures, landmarks, strict=True)):
            try:
                move = fit_similarity(points, _EXPECTED)
            except ValueError:
                continue
            crop = cv2.warpAffine(picture, move, (_SIDE_PX, _SIDE_PX), flags=cv2.INTER_LINEAR)
            moves.append(move)
            crops.append(np.asarray(crop, np.uint8))
            faces.append(face)
        if not crops:
            return refined
        stack = np.stack(crops)
        outputs = self._network.run(np.concatenate([stack, stack[:, :, ::-1]]))
        for row, (face, move) in enumerate(zip(faces, moves, strict=True)):
            seen = _seen(outputs, row, is_mirrored=False)
            mirrored = _seen(outputs, row + len(crops), is_mirrored=True)
            looks = [look for look in (seen, mirrored) if look is not None]
            if looks:
                back = cv2.invertAffineTransform(move)
                points = np.mean(looks, axis=0) @ back[:, :2].T + back[:, 2]
                refined[face] = points.astype(np.float32)
        return refined


def _seen(outputs: dict[str, NDArray[np.float32]], row: int, *, is_mirrored: bool) -> Points | None:
    """The face in the middle of one crop, ``(5, 2)`` in its pixels, None where there is none."""
    parts, scores = [], []
    for stride in _STRIDES:
        certainty = (
            outputs[f"cls_{stride}"][row].clip(0.0, 1.0)
            * outputs[f"obj_{stride}"][row].clip(0.0, 1.0)
        )[:, 0]
        cells = np.flatnonzero(certainty >= _LEAST_SCORE**2)
        columns = _SIDE_PX // stride
        corners = np.stack([cells % columns, cells // columns], axis=1)
        points = outputs[f"kps_{stride}"][row, cells].reshape(-1, 5, 2)
        parts.append((points + corners[:, None]) * stride)
        scores.append(np.sqrt(certainty[cells]))
    landmarks, found = np.concatenate(parts).astype(np.float64), np.concatenate(scores)
    if is_mirrored:
        landmarks[..., 0] = _SIDE_PX - 1 - landmarks[..., 0]
        landmarks = landmarks[:, _MIRRORED]
    near = np.abs(landmarks - _EXPECTED).mean(axis=(1, 2)) <= _REACH_PX
    landmarks, found = landmarks[near], found[near]
    if not len(found):
        return None
    return agreed_landmarks(landmarks, found, best=int(found.argmax()), reach_px=_AGREE_PX)
