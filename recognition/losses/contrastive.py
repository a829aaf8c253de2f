"""Contrastive loss of a Siamese network. Public surface: ``contrastive_loss``."""

from __future__ import annotations

from torch import Tensor

__all__ = ["contrastive_loss"]

# Under the root: two equal vectors have distance 0, where the root has no slope.
_EPS = 1e-12


def contrastive_loss(
    first: Tensor, second: Tensor, is_same: Tensor, *, margin: float = 1.0
) -> Tensor:
    """``(P, D)`` twice and ``(P,) bool`` to a scalar: alike together, unlike a margin apart.

    ``mean( y d^2 / 2 + (1 - y) max(margin - d, 0)^2 / 2 )`` with d the Euclidean distance: Hadsell,
    Chopra and LeCun 2006, with y = 1 for pictures of one person.
    """
    squared = (first - second).square().sum(dim=1)
    apart = (margin - (squared + _EPS).sqrt()).clamp(min=0.0).square()
    same = is_same.to(squared.dtype)
    return 0.5 * (same * squared + (1.0 - same) * apart).mean()
