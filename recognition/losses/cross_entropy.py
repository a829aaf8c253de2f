"""Softmax cross entropy over the classes. Public surface: ``softmax_cross_entropy``."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

__all__ = ["softmax_cross_entropy"]


def softmax_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """``(N, C)`` logits and ``(N,)`` labels to their mean cross entropy.

    ``mean_i( log sum_c exp(z_ic) - z_iy )``, y the label of i: ``train_softmax.py`` of
    davidsandberg/facenet, which takes the mean over the batch, too.
    """
    return functional.cross_entropy(logits, labels)
