"""Triplet loss. Public surface: ``Reduction``, ``triplet_loss``."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

__all__ = ["Reduction", "triplet_loss"]

Reduction = Literal["mean", "sum"]


def triplet_loss(
    anchors: Tensor,
    positives: Tensor,
    negatives: Tensor,
    *,
    margin: float = 0.2,
    reduction: Reduction = "mean",
) -> Tensor:
    """``max(|a - p|^2 - |a - n|^2 + margin, 0)`` of unit rows ``(T, D)``, as their mean or sum.

    Schroff et al. 2015 with margin 0.2; ``triplet_loss`` of facenet.py takes the mean, the study
    notes' variant the sum with margin 0.3.
    """
    near = (anchors - positives).square().sum(dim=1)
    far = (anchors - negatives).square().sum(dim=1)
    each = (near - far + margin).clamp(min=0.0)
    return each.mean() if reduction == "mean" else each.sum()
