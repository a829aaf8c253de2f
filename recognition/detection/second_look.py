"""Better landmarks from YuNet: a second look at every face, from near.

Public surface: ``LandmarkRefiner``. Measured in ``bench/ACCURACY.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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

_STRIDES = (8, 16, 32)
_LEAST_SCORE = 0.3
_MIRRORED = [1, 0, 2, 4, 3]  # which point each one is in the mirror image
_CENTRE = np.array([56.0, 70.0])  # of the template's eyes, nose and mouth
_TEMPLATE_EYES_PX = float(np.hypot(*(ARCFACE_TEMPLATE_112[1] - ARCFACE_TEMPLATE_112[0])))


@dataclass(frozen=True, slots=True)
class _Look:
    """A crop of ``side_px`` in which the eyes come to lie three eighths of it apart.

    YuNet under-measures how a small face is tilted: turned by 16 degrees, it answers 5 with the
    eyes 32 px apart, 11 at 64, 15 at 96.
    """

    side_px: int

    @property
    def eyes_px(self) -> float:
        return self.side_px * 0.375

    @property
    def expected(self) -> NDArray[np.float64]:
        """Where the first look saw the points, ``(5, 2)`` in the crop."""
        scale = self.eyes_px / _TEMPLATE_EYES_PX
        points: NDArray[np.float64] = (ARCFACE_TEMPLATE_112 - _CENTRE) * scale + self.side_px / 2
        return points

    @property
    def reach_px(self) -> float:
        """How far from there they may be, as a mean over the coordinates.

        Tilted by 30 degrees more than the first look said, they are half of this away; another
        face is beside this one, from two and a half times as far on.
        """
        return self.eyes_px * 0.42

    @property
    def agree_px(self) -> float:
        """The same between two cells that mean one face; cells disagree by a few pixels."""
        return self.eyes_px * 0.25


# Without the mirror image a smaller crop does: 0.8 ms of a processor's time instead of 2.9 (four
# fifths of an SFace run), for 5.3 instead of 4.8 % missed of one-photo probes (bench/ACCURACY.md).
_QUICK = _Look(side_px=192)
_THOROUGH = _Look(side_px=256)


class LandmarkRefiner:
    """Sees every face again: levelled, large and in the middle. Not thread-safe, like its network."""

    def __init__(self, network: Network) -> None:
        """``network`` is the detector's own YuNet."""
        self._network = network

    def refine(
        self,
        pictures: Sequence[Picture],
        landmarks: Sequence[NDArray[Any]],
        *,
        mirrored: bool = True,
    ) -> list[Points]:
        """Better landmarks for each face, ``(5, 2) float32`` in its picture's pixels.

        ``mirrored`` looks at 256 px and in the mirror, too: what an enrolment is worth; without, a
        face costs one run of YuNet over 192 px. ``landmarks[i]``, ``(5, 2)``, is a face of ``pictures[i]``, ``(H, W, 3) uint8`` RGB; a
        picture comes once for each of its faces. A face that the second look does not find where
        the first saw it keeps its landmarks, as do landmarks from which no similarity can be
        fitted. Raises ``ValueError`` where there are not as many pictures as faces.
        """
        if len(pictures) != len(landmarks):
            raise ValueError(f"{len(pictures)} pictures came with {len(landmarks)} faces")
        look = _THOROUGH if mirrored else _QUICK
        refined = [np.asarray(points, dtype=np.float32) for points in landmarks]
        moves: list[NDArray[np.float64]] = []
        crops: list[Picture] = []
        faces: list[int] = []
        for face, (picture, points) in enumerate(zip(pictures, landmarks, strict=True)):
            try:
                move = fit_similarity(points, look.expected)
            except ValueError:
                continue
            size = (look.side_px, look.side_px)
            crop = cv2.warpAffine(picture, move, size, flags=cv2.INTER_LINEAR)
            moves.append(move)
            crops.append(np.asarray(crop, np.uint8))
            faces.append(face)
        if not crops:
            return refined
        stack = np.stack(crops)
        if mirrored:
            stack = np.concatenate([stack, stack[:, :, ::-1]])
        outputs = self._network.run(stack)
        for row, (face, move) in enumerate(zip(faces, moves, strict=True)):
            seen = [_seen(outputs, row, look=look, is_mirrored=False)]
            if mirrored:
                seen.append(_seen(outputs, row + len(crops), look=look, is_mirrored=True))
            answers = [points for points in seen if points is not None]
            if answers:
                back = cv2.invertAffineTransform(move)
                points = np.mean(answers, axis=0) @ back[:, :2].T + back[:, 2]
                refined[face] = points.astype(np.float32)
        return refined


def _seen(
    outputs: dict[str, NDArray[np.float32]], row: int, *, look: _Look, is_mirrored: bool
) -> Points | None:
    """The face in the middle of one crop, ``(5, 2)`` in its pixels, None where there is none."""
    parts, scores = [], []
    for stride in _STRIDES:
        certainty = (
            outputs[f"cls_{stride}"][row].clip(0.0, 1.0)
            * outputs[f"obj_{stride}"][row].clip(0.0, 1.0)
        )[:, 0]
        cells = np.flatnonzero(certainty >= _LEAST_SCORE**2)
        columns = look.side_px // stride
        corners = np.stack([cells % columns, cells // columns], axis=1)
        points = outputs[f"kps_{stride}"][row, cells].reshape(-1, 5, 2)
        parts.append((points + corners[:, None]) * stride)
        scores.append(np.sqrt(certainty[cells]))
    landmarks, found = np.concatenate(parts).astype(np.float64), np.concatenate(scores)
    if is_mirrored:
        landmarks[..., 0] = look.side_px - 1 - landmarks[..., 0]
        landmarks = landmarks[:, _MIRRORED]
    near = np.abs(landmarks - look.expected).mean(axis=(1, 2)) <= look.reach_px
    landmarks, found = landmarks[near], found[near]
    if not len(found):
        return None
    return agreed_landmarks(landmarks, found, best=int(found.argmax()), reach_px=look.agree_px)
