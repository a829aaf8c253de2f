"""A price on long embeddings. Public surface: ``prelogits_norm``."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["prelogits_norm"]

# facenet adds it so that the norm of a zero row has a gradient.
_EPS = 1e-4


def prelogits_norm(prelogits: Tensor, *, order: float = 1.0) -> Tensor:
    """``mean_i || |f_i| + 1e-4 ||_p`` of ``(N, D)`` prelogits, p being ``order``.

    ``train_softmax.py`` of facenet (``prelogits_norm_p``, 1 by default: the sum of magnitudes,
    which empties dimensions that say nothing about the person).
    """
    if order <= 0.0:
        raise ValueError(f"order is {order}; expected a number above 0")
    norm: Tensor = torch.linalg.vector_norm(prelogits.float().abs() + _EPS, ord=order, dim=1).mean()
    return norm
