"""IResNet, ArcFace's L-ResNet-E-IR (Deng et al. 2019): improved residual units, option E at the end.

"L" is the stem that keeps the resolution, "E" the head of batch normalisation, dropout, linear
layer, batch normalisation, "IR" the unit. Modules and parameters are named as in InsightFace's
torch code. Public surface: ``IResNet`` and a builder for each depth. Imports torch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from recognition.networks.base import FaceNetwork
from recognition.networks.layers import halved
from recognition.networks.spec import NetworkShape

__all__ = [
    "IResNet",
    "iresnet_50",
    "iresnet_50_se",
    "iresnet_100",
    "iresnet_100_se",
    "iresnet_152",
    "iresnet_152_se",
]

_UNITS = {50: (3, 4, 14, 3), 100: (3, 13, 30, 3), 152: (3, 8, 36, 3)}
_SE_RATIO = 16


def iresnet_50(shape: NetworkShape) -> FaceNetwork:
    return IResNet(shape, depth=50)


def iresnet_100(shape: NetworkShape) -> FaceNetwork:
    return IResNet(shape, depth=100)


def iresnet_152(shape: NetworkShape) -> FaceNetwork:
    return IResNet(shape, depth=152)


def iresnet_50_se(shape: NetworkShape) -> FaceNetwork:
    return IResNet(shape, depth=50, has_se=True)


def iresnet_100_se(shape: NetworkShape) -> FaceNetwork:
    return IResNet(shape, depth=100, has_se=True)


def iresnet_152_se(shape: NetworkShape) -> FaceNetwork:
    return IResNet(shape, depth=152, has_se=True)


class IResNet(FaceNetwork):
    """``(N, 3, 112, 112)`` to ``(N, D)``; ``has_se`` adds squeeze and excitation to every unit."""

    head = ("fc", "features")

    def __init__(self, shape: NetworkShape, *, depth: int, has_se: bool = False) -> None:
        super().__init__(shape)
        self.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.prelu = nn.PReLU(64)
        first, second, third, fourth = _UNITS[depth]
        self.layer1 = _stage(64, 64, first, has_se=has_se)
        self.layer2 = _stage(64, 128, second, has_se=has_se)
        self.layer3 = _stage(128, 256, third, has_se=has_se)
        self.layer4 = _stage(256, 512, fourth, has_se=has_se)
        self.bn2 = nn.BatchNorm2d(512)
        self.dropout = nn.Dropout(shape.dropout)
        self.fc = nn.Linear(512 * halved(shape.input_px, times=4) ** 2, shape.embedding_size)
        self.features = nn.BatchNorm1d(shape.embedding_size)

    def forward(self, images: Tensor) -> Tensor:
        x = self.prelu(self.bn1(self.conv1(images)))  # (N, 64, 112, 112)
        x = self.layer2(self.layer1(x))  # (N, 128, 28, 28)
        x = self.layer4(self.layer3(x))  # (N, 512, 7, 7)
        x = self.dropout(self.bn2(x)).flatten(1)  # (N, 25088)
        prelogits: Tensor = self.features(self.fc(x))
        return prelogits


def _stage(channels_in: int, channels: int, count: int, *, has_se: bool) -> nn.Sequential:
    units = [_Unit(channels_in, channels, stride=2, has_se=has_se)]
    units += [_Unit(channels, channels, stride=1, has_se=has_se) for _ in range(count - 1)]
    return nn.Sequential(*units)


class _Unit(nn.Module):
    """BN, 3x3, BN, PReLU, 3x3 with the stride, BN; added to the input or its 1x1 projection."""

    def __init__(self, channels_in: int, channels: int, *, stride: int, has_se: bool) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels_in)
        self.conv1 = nn.Conv2d(channels_in, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.prelu = nn.PReLU(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride=stride, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels)
        self.se = _SqueezeExcitation(channels) if has_se else None
        self.downsample: nn.Module | None = None
        if stride != 1 or channels_in != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride=stride, bias=False),
                nn.BatchNorm2d(channels),
            )

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn3(self.conv2(self.prelu(self.bn2(self.conv1(self.bn1(x))))))
        if self.se is not None:
            out = self.se(out)
        summed: Tensor = out + (x if self.downsample is None else self.downsample(x))
        return summed


class _SqueezeExcitation(nn.Module):
    """Every channel times a share between 0 and 1 that depends on all channels' means."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // _SE_RATIO, 1)
        self.excite = nn.Conv2d(channels // _SE_RATIO, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        means = x.mean((2, 3), keepdim=True)  # (N, C, 1, 1)
        return x * torch.sigmoid(self.excite(torch.relu(self.squeeze(means))))
