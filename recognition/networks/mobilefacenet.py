"""MobileFaceNet (Chen et al. 2018): inverted residuals, and a depthwise convolution for pooling.

Public surface: ``MobileFaceNet``, ``build``. Imports torch.
"""

from __future__ import annotations

from torch import Tensor, nn

from recognition.networks.base import FaceNetwork
from recognition.networks.layers import ConvNorm, halved
from recognition.networks.spec import NetworkShape

__all__ = ["MobileFaceNet", "build"]

# (expansion, channels, units, stride of the first), the paper's table 1
_BOTTLENECKS = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))


def build(shape: NetworkShape) -> FaceNetwork:
    return MobileFaceNet(shape)


class MobileFaceNet(FaceNetwork):
    """``(N, 3, 112, 112)`` to ``(N, D)``; PReLU, and none after a bottleneck's last layer."""

    head = ("linear", "bn")

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__(shape)
        self.conv1 = ConvNorm(3, 64, 3, stride=2, activation="prelu")
        self.conv2 = ConvNorm(64, 64, 3, groups=64, activation="prelu")
        units: list[nn.Module] = []
        channels = 64
        for expansion, width, count, stride in _BOTTLENECKS:
            for number in range(count):
                step = 1 if number else stride
                units.append(_Bottleneck(channels, width, expansion=expansion, stride=step))
                channels = width
        self.bottlenecks = nn.Sequential(*units)
        self.conv3 = ConvNorm(128, 512, 1, activation="prelu")
        side = halved(shape.input_px, times=4)
        self.pool = nn.Sequential(
            nn.Conv2d(512, 512, side, groups=512, bias=False), nn.BatchNorm2d(512)
        )
        self.dropout = nn.Dropout(shape.dropout)
        self.linear = nn.Linear(512, shape.embedding_size, bias=False)
        self.bn = nn.BatchNorm1d(shape.embedding_size)

    def forward(self, images: Tensor) -> Tensor:
        x = self.conv2(self.conv1(images))  # (N, 64, 56, 56)
        x = self.bottlenecks(x)  # (N, 128, 7, 7)
        x = self.pool(self.conv3(x)).flatten(1)  # (N, 512)
        prelogits: Tensor = self.bn(self.linear(self.dropout(x)))
        return prelogits


class _Bottleneck(nn.Module):
    """1x1 wider, 3x3 for each channel alone, 1x1 narrower; added where the shape is kept."""

    def __init__(self, channels_in: int, channels: int, *, expansion: int, stride: int) -> None:
        super().__init__()
        wide = channels_in * expansion
        self.layers = nn.Sequential(
            ConvNorm(channels_in, wide, 1, activation="prelu"),
            ConvNorm(wide, wide, 3, stride=stride, groups=wide, activation="prelu"),
            ConvNorm(wide, channels, 1, activation="none"),
        )
        self._is_residual = stride == 1 and channels_in == channels

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return out + x if self._is_residual else out
