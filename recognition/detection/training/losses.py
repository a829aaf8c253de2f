"""MTCNN's three losses, with online hard example mining for the first. Imports torch.

Public surface: ``WEIGHTS``, ``LossWeights``, ``Losses``, ``joint_loss`` and its three parts.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from recognition.detection.training.samples import LANDMARK, NEGATIVE, PART, POSITIVE, Stage

__all__ = [
    "HARD_SHARE",
    "WEIGHTS",
    "LossWeights",
    "Losses",
    "box_loss",
    "face_loss",
    "joint_loss",
    "landmark_loss",
]

HARD_SHARE = 0.7
"""Of a batch's classified crops, those with the highest loss that are learnt from."""


@dataclass(frozen=True, slots=True)
class LossWeights:
    face: float
    box: float
    landmarks: float


WEIGHTS: dict[Stage, LossWeights] = {
    "pnet": LossWeights(1.0, 0.5, 0.5),
    "rnet": LossWeights(1.0, 0.5, 0.5),
    "onet": LossWeights(1.0, 0.5, 1.0),
}
"""The published ones: the last network is the one whose landmarks are used."""


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """Each over its own kinds, 0 where a batch has none; ``total`` is weighted."""

    face: Tensor
    box: Tensor
    landmarks: Tensor
    total: Tensor


def joint_loss(
    logits: Tensor,
    offsets: Tensor,
    points: Tensor,
    *,
    kinds: Tensor,
    true_offsets: Tensor,
    true_points: Tensor,
    weights: LossWeights,
) -> Losses:
    """``logits`` ``(N, 2)``, ``offsets`` ``(N, 4)`` and ``points`` ``(N, 10)`` of one batch."""
    face = face_loss(logits, kinds)
    box = box_loss(offsets, true_offsets, kinds)
    landmarks = landmark_loss(points, true_points, kinds)
    total = weights.face * face + weights.box * box + weights.landmarks * landmarks
    return Losses(face, box, landmarks, total)


def face_loss(logits: Tensor, kinds: Tensor, *, hard_share: float = HARD_SHARE) -> Tensor:
    """Cross entropy over the hardest positives and negatives; parts and landmarks do not count."""
    own = (kinds == POSITIVE) | (kinds == NEGATIVE)
    if not own.any():
        return logits.sum() * 0.0
    each = functional.cross_entropy(logits[own], (kinds[own] == POSITIVE).long(), reduction="none")
    kept = max(int(hard_share * len(each)), 1)
    return torch.topk(each, kept).values.mean()


def box_loss(offsets: Tensor, true_offsets: Tensor, kinds: Tensor) -> Tensor:
    """Mean over positives and parts of the squared distance of the four offsets."""
    return _squared(offsets, true_offsets, (kinds == POSITIVE) | (kinds == PART))


def landmark_loss(points: Tensor, true_points: Tensor, kinds: Tensor) -> Tensor:
    """Mean over landmark samples of the squared distance of the ten numbers."""
    return _squared(points, true_points, kinds == LANDMARK)


def _squared(answer: Tensor, truth: Tensor, own: Tensor) -> Tensor:
    if not own.any():
        return answer.sum() * 0.0
    return (answer[own] - truth[own]).square().sum(dim=1).mean()
