"""Center loss: everyone's vectors are drawn to a middle that follows them. Public surface: ``CenterLoss``."""

from __future__ import annotations

import torch
from torch import Tensor, distributed, nn

__all__ = ["CenterLoss"]


class CenterLoss(nn.Module):
    """Wen et al. 2016, in the form of facenet.py (``center_loss``).

    The loss is ``mean over all elements of (f - c_y)^2``. In training mode every sample asks its
    class's centre to move, ``c_y <- c_y - (1 - alpha)(c_y - f)``; the moves of samples of one class
    add up until ``follow``, so all parts of a batch see the centres as they were before it. Centres
    start at 0 and are no parameters: no optimiser touches them. With several processes every one
    of them moves all centres alike.
    """

    centres: Tensor
    _moves: Tensor

    def __init__(self, *, classes: int, dimension: int, alpha: float = 0.95) -> None:
        super().__init__()
        if not 0.0 <= alpha <= 1.0:
            raise ValueError(f"alpha is {alpha}; expected a share between 0 and 1")
        self.alpha = alpha
        self.register_buffer("centres", torch.zeros(classes, dimension))
        self.register_buffer("_moves", torch.zeros(classes, dimension), persistent=False)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """``(N, D)`` features and ``(N,)`` labels to a scalar."""
        features = features.to(self.centres.dtype)
        own = self.centres[labels]  # a copy: ``follow`` cannot reach it
        loss = (features - own).square().mean()
        if self.training:
            self._moves.index_add_(0, labels, own - features.detach())
        return loss

    @torch.no_grad()
    def follow(self) -> None:
        """Move the centres as all samples since the last time asked."""
        if distributed.is_available() and distributed.is_initialized():
            distributed.all_reduce(self._moves)
        self.centres -= (1.0 - self.alpha) * self._moves
        self._moves.zero_()
