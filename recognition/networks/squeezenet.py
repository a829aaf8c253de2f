"""SqueezeNet 1.0 (Iandola et al. 2016) with facenet's batch normalisation and bottleneck.

Public surface: ``SqueezeNet``, ``build``. Imports torch.
"""

from __future__ import annotations

from torch import Tensor, nn

from recognition.networks.base import FaceNetwork
from recognition.networks.layers import SlimConv, joined, slim_norm_of_rows
from recognition.networks.spec import NetworkShape

__all__ = ["SqueezeNet", "build"]

_FEATURES = 1000


def build(shape: NetworkShape) -> FaceNetwork:
    return SqueezeNet(shape)


class SqueezeNet(FaceNetwork):
    """``(N, 3, 160, 160)`` to ``(N, D)``; any size from 48 px on."""

    head = ("last_linear", "last_bn")

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__(shape)
        self.conv1 = SlimConv(3, 96, 7, stride=2, padding=3, gamma=True)
        self.maxpool1 = nn.MaxPool2d(3, stride=2)
        self.fire2 = _Fire(96, squeezed=16, expanded=64)
        self.fire3 = _Fire(128, squeezed=16, expanded=64)
        self.fire4 = _Fire(128, squeezed=32, expanded=128)
        self.maxpool4 = nn.MaxPool2d(2, stride=2)
        self.fire5 = _Fire(256, squeezed=32, expanded=128)
        self.fire6 = _Fire(256, squeezed=48, expanded=192)
        self.fire7 = _Fire(384, squeezed=48, expanded=192)
        self.fire8 = _Fire(384, squeezed=64, expanded=256)
        self.maxpool8 = nn.MaxPool2d(3, stride=2)
        self.fire9 = _Fire(512, squeezed=64, expanded=256)
        self.dropout = nn.Dropout(shape.dropout)
        self.conv10 = nn.Conv2d(512, _FEATURES, 1)
        self.last_linear = nn.Linear(_FEATURES, shape.embedding_size, bias=False)
        self.last_bn = slim_norm_of_rows(shape.embedding_size, gamma=True)

    def forward(self, images: Tensor) -> Tensor:
        x = self.maxpool1(self.conv1(images))  # (N, 96, 39, 39)
        x = self.fire4(self.fire3(self.fire2(x)))  # (N, 256, 39, 39)
        x = self.fire6(self.fire5(self.maxpool4(x)))  # (N, 384, 19, 19)
        x = self.fire8(self.fire7(x))  # (N, 512, 19, 19)
        x = self.fire9(self.maxpool8(x))  # (N, 512, 9, 9)
        x = self.conv10(self.dropout(x)).mean((2, 3))  # (N, 1000)
        prelogits: Tensor = self.last_bn(self.last_linear(x))
        return prelogits


class _Fire(nn.Module):
    """Few channels by 1x1, then many by 1x1 and 3x3 side by side."""

    def __init__(self, channels_in: int, *, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = SlimConv(channels_in, squeezed, 1, gamma=True)
        self.expand1x1 = SlimConv(squeezed, expanded, 1, gamma=True)
        self.expand3x3 = SlimConv(squeezed, expanded, 3, padding=1, gamma=True)

    def forward(self, x: Tensor) -> Tensor:
        return joined([self.expand1x1, self.expand3x3], self.squeeze(x))
