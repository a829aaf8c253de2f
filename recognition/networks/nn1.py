"""NN1, the Zeiler and Fergus style network of the FaceNet paper (table 1).

Batch normalisation follows every convolution, in place of the paper's two local response
normalisations. Public surface: ``Nn1``, ``Maxout``, ``build``. Imports torch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from recognition.networks.base import FaceNetwork
from recognition.networks.layers import ConvNorm, halved
from recognition.networks.spec import NetworkShape

__all__ = ["Maxout", "Nn1", "build"]

_MAXOUT = 32 * 128


def build(shape: NetworkShape) -> FaceNetwork:
    return Nn1(shape)


class Nn1(FaceNetwork):
    """``(N, 3, 220, 220)`` to ``(N, D)``. Three quarters of its parameters are the first maxout."""

    head = ("linear",)

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__(shape)
        self.conv1 = ConvNorm(3, 64, 7, stride=2)
        self.conv2 = nn.Sequential(ConvNorm(64, 64, 1), ConvNorm(64, 192, 3))
        self.conv3 = nn.Sequential(ConvNorm(192, 192, 1), ConvNorm(192, 384, 3))
        self.conv4 = nn.Sequential(ConvNorm(384, 384, 1), ConvNorm(384, 256, 3))
        self.conv5 = nn.Sequential(ConvNorm(256, 256, 1), ConvNorm(256, 256, 3))
        self.conv6 = nn.Sequential(ConvNorm(256, 256, 1), ConvNorm(256, 256, 3))
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.fc1 = Maxout(256 * halved(shape.input_px, times=5) ** 2, _MAXOUT)
        self.fc2 = Maxout(_MAXOUT, _MAXOUT)
        self.dropout = nn.Dropout(shape.dropout)
        self.linear = nn.Linear(_MAXOUT, shape.embedding_size)

    def forward(self, images: Tensor) -> Tensor:
        x = self.pool(self.conv1(images))  # (N, 64, 55, 55)
        x = self.pool(self.conv2(x))  # (N, 192, 28, 28)
        x = self.pool(self.conv3(x))  # (N, 384, 14, 14)
        x = self.conv6(self.conv5(self.conv4(x)))  # (N, 256, 14, 14)
        x = self.fc2(self.fc1(self.pool(x).flatten(1)))  # 12,544 numbers to (N, 4096)
        prelogits: Tensor = self.linear(self.dropout(x))
        return prelogits


class Maxout(nn.Module):
    """The larger of two linear layers (Goodfellow et al. 2013, p = 2)."""

    def __init__(self, numbers_in: int, numbers_out: int) -> None:
        super().__init__()
        self.first = nn.Linear(numbers_in, numbers_out)
        self.second = nn.Linear(numbers_in, numbers_out)

    def forward(self, x: Tensor) -> Tensor:
        return torch.maximum(self.first(x), self.second(x))
