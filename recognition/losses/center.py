"""Center loss: everyone's vectors are drawn to a middle that follows them. Public surface: ``CenterLoss``."""

from __future__ import annotations

import torch
from torch import Tensor, distributed, nn

__all__ = ["CenterLoss"]


class CenterLoss(nn.Module):
    """Wen et al. 2016, in the form of facenet.py (``center_loss``).

    The loss is ``mean over all elements of (f - c_y)^2`` with the centres as they were before. In
    training mode every sample then moves its class's centre, ``c_y <- c_y - (1 - alpha)(c_y - f)``;
    the moves of samples of one class add up. Centres start at 0 and are no parameters: no
    optimiser touches them. With several processes every one of them moves all centres alike.
    """

    centres: Tensor

    def __init__(self, *, classes: int, dimension: int, alpha: float = 0.95) -> None:
        super().__init__()
        if not 0.0 <= alpha <= 1.0:
            raise ValueError(f"alpha is {alpha}; expected a share between 0 and 1")
        self.alpha = alpha
        self.register_buffer("centres", torch.zeros(classes, dimension))

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """``(N, D)`` features and ``(N,)`` labels to a scalar."""
        features = features.to(self.centres.dtype)
        own = self.centres[labels]  # a copy: the update below cannot reach it
        loss = (features - own).square().mean()
        if self.training:
            self._follow(own - features.detach(), labels)
        return loss

    @torch.no_grad()
    def _follow(self, gaps: Tensor, labels: Tensor) -> None:
        moves = torch.zeros_like(self.centres).index_add_(0, labels, gaps)
        if distributed.is_available() and distributed.is_initialized():
            distributed.all_reduce(moves)
        self.centres -= (1.0 - self.alpha) * moves
