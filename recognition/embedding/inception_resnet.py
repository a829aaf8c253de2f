"""Inception-ResNet-v1 as the engine runs it: unit vectors out, and facenet's standardisation.

The network itself is ``recognition.networks.inception_resnet_v1``. Public surface:
``InceptionResnetV1``, ``PerImageStandardisation``. Imports torch.
"""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor, nn

from recognition.networks.base import unit_rows
from recognition.networks.inception_resnet_v1 import InceptionResnetV1 as TrainedNetwork
from recognition.networks.spec import NetworkShape

__all__ = ["INPUT_PX", "InceptionResnetV1", "PerImageStandardisation"]

INPUT_PX = 160


class InceptionResnetV1(TrainedNetwork):
    """``(N, 3, 160, 160)`` to ``(N, D)`` unit rows; the same parameters under the same names.

    ``has_gamma=False`` is facenet's own batch normalisation, which learns no scale: 23,467,824
    parameters with 512 dimensions. With it, as facenet-pytorch counts, 23,482,624. The paper's
    128 dimensions, with it: 22,793,728.
    """

    def __init__(self, *, dimension: Literal[128, 512] = 512, has_gamma: bool = True) -> None:
        shape = NetworkShape("inception-resnet-v1", INPUT_PX, dimension)
        super().__init__(shape, has_gamma=has_gamma)

    def forward(self, images: Tensor) -> Tensor:
        return unit_rows(super().forward(images))


class PerImageStandardisation(nn.Module):
    """``(x - mean) / max(std, 1 / sqrt(N))`` over each picture of ``(N, 3, H, W)``."""

    def __init__(self, *, size_px: int = INPUT_PX) -> None:
        super().__init__()
        self._least = 1.0 / math.sqrt(3 * size_px * size_px)

    def forward(self, pixels: Tensor) -> Tensor:
        centred = pixels - pixels.mean((1, 2, 3), keepdim=True)
        variance = (centred * centred).mean((1, 2, 3), keepdim=True)
        return centred / variance.sqrt().clamp(min=self._least)
