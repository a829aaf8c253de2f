"""The residual block of both Inception-ResNets. Public surface: ``Residual``. Imports torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["Residual"]


class Residual(nn.Module):
    """Branches side by side, joined by a 1x1 convolution with bias, scaled and added."""

    def __init__(
        self,
        branches: Sequence[nn.Module],
        *,
        joined: int,
        channels: int,
        scale: float,
        is_last: bool = False,
    ) -> None:
        super().__init__()
        for number, branch in enumerate(branches):
            self.add_module(f"branch{number}", branch)
        self.conv2d = nn.Conv2d(joined, channels, 1)
        self._count = len(branches)
        self._scale = scale
        self._is_last = is_last

    def forward(self, x: Tensor) -> Tensor:
        parts = [self.get_submodule(f"branch{number}")(x) for number in range(self._count)]
        summed = self.conv2d(torch.cat(parts, 1)) * self._scale + x
        return summed if self._is_last else torch.relu(summed)
