"""What a network of MTCNN is trained on: square crops, each of one kind, with its targets.

The bands are the published ones. A crop that overlaps a face by 0.3 to 0.4, or lies in no band for
another reason, is never a sample. Public surface: the names in ``__all__``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recognition.detection.training.scenes import TrainingDataRejected
from recognition.geometry.boxes import iou_matrix

__all__ = [
    "INPUT_PX",
    "KINDS",
    "LANDMARK",
    "NEGATIVE",
    "NEGATIVE_BELOW",
    "PART",
    "PART_FROM",
    "POSITIVE",
    "POSITIVE_FROM",
    "Samples",
    "Stage",
    "best_overlaps",
    "kinds_of",
    "offsets_to",
    "points_in",
]

Stage = Literal["pnet", "rnet", "onet"]
INPUT_PX: dict[Stage, int] = {"pnet": 12, "rnet": 24, "onet": 48}

NEGATIVE, POSITIVE, PART, LANDMARK = 0, 1, -1, -2
"""As the published label files write them."""
KINDS = {"positive": POSITIVE, "part": PART, "landmark": LANDMARK, "negative": NEGATIVE}

NEGATIVE_BELOW = 0.3
PART_FROM = 0.4
POSITIVE_FROM = 0.65
_NO_SAMPLE = 9


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """``crops`` ``(N, S, S, 3) uint8``; per crop its ``kinds``, and ``overlaps``, the largest IoU.

    ``offsets`` ``(N, 4)`` are the four numbers that the network should answer for the face's box,
    ``points`` ``(N, 10)`` those for its landmarks, five x then five y; zeros where a kind has none.
    """

    crops: NDArray[np.uint8]
    kinds: NDArray[np.int8]
    overlaps: NDArray[np.float32]
    offsets: NDArray[np.float32]
    points: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.kinds)

    def counts(self) -> dict[str, int]:
        return {name: int((self.kinds == kind).sum()) for name, kind in KINDS.items()}

    def indices(self, kind: int) -> NDArray[np.intp]:
        return np.flatnonzero(self.kinds == kind)

    @classmethod
    def joined(cls, parts: Iterable[Samples], *, stage: Stage) -> Samples:
        """End to end. Raises ``TrainingDataRejected`` where no positive or no negative is there."""
        every = list(parts)
        side = INPUT_PX[stage]
        samples = cls(
            np.concatenate([np.empty((0, side, side, 3), np.uint8), *(p.crops for p in every)]),
            np.concatenate([np.empty(0, np.int8), *(p.kinds for p in every)]),
            np.concatenate([np.empty(0, np.float32), *(p.overlaps for p in every)]),
            np.concatenate([np.empty((0, 4), np.float32), *(p.offsets for p in every)]),
            np.concatenate([np.empty((0, 10), np.float32), *(p.points for p in every)]),
        )
        counts = samples.counts()
        if not counts["positive"] or not counts["negative"]:
            raise TrainingDataRejected(
                f"{stage} cannot be trained on {counts['positive']:,} positive and "
                f"{counts['negative']:,} negative crops; expected some of both. Give more pictures "
                "with faces of 20 px or more."
            )
        return samples


def best_overlaps(
    crops: NDArray[np.float64], boxes: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """The largest IoU of each crop with a box, 0 without boxes, and which box that is.

    Both are rows x, y, width, height.
    """
    if not len(boxes) or not len(crops):
        return np.zeros(len(crops), np.float32), np.zeros(len(crops), np.intp)
    overlaps = iou_matrix(crops, boxes)
    which = overlaps.argmax(axis=1)
    return overlaps[np.arange(len(crops)), which], which


def kinds_of(overlaps: NDArray[np.float32]) -> NDArray[np.int8]:
    """Negative, part or positive by the largest overlap; 9, which is no kind, between the bands."""
    kinds = np.full(len(overlaps), _NO_SAMPLE, np.int8)
    kinds[overlaps < NEGATIVE_BELOW] = NEGATIVE
    kinds[(overlaps >= PART_FROM) & (overlaps <= POSITIVE_FROM)] = PART
    kinds[overlaps > POSITIVE_FROM] = POSITIVE
    return kinds


def offsets_to(
    crops: NDArray[np.float64], faces: NDArray[np.float64], *, stage: Stage
) -> NDArray[np.float32]:
    """What the network must answer so that decoding gives the face's box back.

    Rows x, y, width, height in; ``(N, 4)`` out. ``mtcnn_boxes`` decodes between the first and the
    last pixel counted from 1, and P-Net's window from ``2 c + 1`` to ``2 c + 12`` over the scale: its
    near corner lies a twelfth of the side too far in, its side is eleven twelfths.
    """
    near, sides = crops[:, :2] + 1, crops[:, 2:]
    far = crops[:, :2] + sides
    if stage == "pnet":
        near = near - 1 + sides / INPUT_PX["pnet"]
        sides = sides - sides / INPUT_PX["pnet"]
    corners = np.concatenate([faces[:, :2] + 1, faces[:, :2] + faces[:, 2:]], axis=1)
    moved = corners - np.concatenate([near, far], axis=1)
    offsets: NDArray[np.float32] = (moved / np.tile(sides, 2)).astype(np.float32)
    return offsets


def points_in(crops: NDArray[np.float64], landmarks: NDArray[np.float64]) -> NDArray[np.float32]:
    """``(N, 5, 2)`` points as ``(N, 10)`` fractions of the crop, five x then five y."""
    fractions = (landmarks - crops[:, None, :2]) / crops[:, None, 2:]
    return fractions.transpose(0, 2, 1).reshape(-1, 10).astype(np.float32)
