"""Better landmarks from YuNet: a second look at every face, from near.

Public surface: ``LandmarkRefiner``, ``OUTPUTS``. Measured in ``bench/ACCURACY.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
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

__all__ = ["OUTPUTS", "LandmarkRefiner"]

Points = NDArray[np.float32]

# Faces as large as these are seen in the coarsest cells: of 446 of LFW and of group photos 432 were
# found there in the small crop, and none in the finer cells alone. Without those YuNet costs a fifth
# to a quarter less (0.53 for 0.70 ms of one core over 192 px).
_STRIDE = 32
OUTPUTS = tuple(f"{name}_{_STRIDE}" for name in ("cls", "obj", "kps"))
"""The outputs of YuNet that are read; a network of its own need compute no others."""

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


# Without the mirror image a smaller crop does: 0.5 ms of a processor's time instead of 1.9 (two
# fifths of an SFace run), for 5.3 instead of 4.8 % missed of one-photo probes (bench/ACCURACY.md).
_QUICK = _Look(side_px=192)
_THOROUGH = _Look(side_px=256)


class LandmarkRefiner:
    """Sees every face again: levelled, large and in the middle. Not thread-safe, like its network."""

    def __init__(self, network: Network) -> None:
        """``network`` is a YuNet that answers ``OUTPUTS``."""
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
        moves: dict[int, NDArray[np.float64]] = {}
        for face, points in enumerate(landmarks):
            with suppress(ValueError):
                moves[face] = fit_similarity(points, look.expected)
        if not moves:
            return refined
        count, side_px = len(moves), look.side_px
        crops = np.empty((count * (2 if mirrored else 1), side_px, side_px, 3), dtype=np.uint8)
        for crop, (face, move) in zip(crops, moves.items(), strict=False):
            cv2.warpAffine(
                pictures[face], move, (side_px, side_px), dst=crop, flags=cv2.INTER_LINEAR
            )
        if mirrored:
            crops[count:] = crops[:count, :, ::-1]
        cells, scores = _cells(self._network.run(crops), look=look)
        if mirrored:
            cells[count:, ..., 0] = side_px - 1 - cells[count:, ..., 0]
            cells[count:] = cells[count:, :, _MIRRORED]
        near = np.abs(cells - look.expected).mean(axis=(2, 3)) <= look.reach_px
        scores = np.where(near & (scores >= _LEAST_SCORE), scores, 0.0)
        for row, (face, move) in enumerate(moves.items()):
            answers = [
                agreed_landmarks(
                    cells[at], scores[at], best=int(scores[at].argmax()), reach_px=look.agree_px
                )
                for at in range(row, len(crops), count)
                if scores[at].any()
            ]
            if answers:
                back = cv2.invertAffineTransform(move)
                found = np.mean(answers, axis=0) @ back[:, :2].T + back[:, 2]
                refined[face] = found.astype(np.float32)
        return refined


def _cells(
    outputs: dict[str, NDArray[np.float32]], *, look: _Look
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Landmarks ``(N, K, 5, 2)`` in the crops' pixels and scores ``(N, K)`` of all their cells."""
    classes, presences, points = (outputs[name].astype(np.float64) for name in OUTPUTS)
    columns = look.side_px // _STRIDE
    corners = np.stack(np.divmod(np.arange(columns * columns), columns)[::-1], axis=1)
    landmarks = (points.reshape(*points.shape[:2], 5, 2) + corners[:, None]) * _STRIDE
    return landmarks, np.sqrt(classes.clip(0.0, 1.0) * presences.clip(0.0, 1.0))[..., 0]
