"""Inception-ResNet-v2: Szegedy et al. 2016 as in slim and facenet, with facenet v1's bottleneck.

Public surface: ``InceptionResnetV2``, ``build``. Imports torch.
"""

from __future__ import annotations

from torch import Tensor, nn

from recognition.networks.base import FaceNetwork
from recognition.networks.layers import SlimConv, joined, slim_norm_of_rows
from recognition.networks.residual import Residual
from recognition.networks.spec import NetworkShape

__all__ = ["InceptionResnetV2", "build"]


def build(shape: NetworkShape) -> FaceNetwork:
    return InceptionResnetV2(shape)


class InceptionResnetV2(FaceNetwork):
    """``(N, 3, 160, 160)`` to ``(N, D)``; any size from 80 px on."""

    head = ("last_linear", "last_bn")

    def __init__(self, shape: NetworkShape, *, has_gamma: bool = True) -> None:
        super().__init__(shape)
        gamma = has_gamma
        self.conv2d_1a = SlimConv(3, 32, 3, stride=2, gamma=gamma)
        self.conv2d_2a = SlimConv(32, 32, 3, gamma=gamma)
        self.conv2d_2b = SlimConv(32, 64, 3, padding=1, gamma=gamma)
        self.maxpool_3a = nn.MaxPool2d(3, stride=2)
        self.conv2d_3b = SlimConv(64, 80, 1, gamma=gamma)
        self.conv2d_4a = SlimConv(80, 192, 3, gamma=gamma)
        self.maxpool_5a = nn.MaxPool2d(3, stride=2)
        self.mixed_5b = _Mixed5b(gamma)
        self.repeat_1 = nn.Sequential(*(_block35(gamma) for _ in range(10)))
        self.mixed_6a = _Mixed6a(gamma)
        self.repeat_2 = nn.Sequential(*(_block17(gamma) for _ in range(20)))
        self.mixed_7a = _Mixed7a(gamma)
        self.repeat_3 = nn.Sequential(*(_block8(gamma, scale=0.2) for _ in range(9)))
        self.block8 = _block8(gamma, scale=1.0, is_last=True)
        self.conv2d_7b = SlimConv(2080, 1536, 1, gamma=gamma)
        self.dropout = nn.Dropout(shape.dropout)
        self.last_linear = nn.Linear(1536, shape.embedding_size, bias=False)
        self.last_bn = slim_norm_of_rows(shape.embedding_size, gamma=gamma)

    def forward(self, images: Tensor) -> Tensor:
        x = self.conv2d_1a(images)  # (N, 32, 79, 79)
        x = self.conv2d_2b(self.conv2d_2a(x))  # (N, 64, 77, 77)
        x = self.conv2d_3b(self.maxpool_3a(x))  # (N, 80, 38, 38)
        x = self.maxpool_5a(self.conv2d_4a(x))  # (N, 192, 17, 17)
        x = self.repeat_1(self.mixed_5b(x))  # (N, 320, 17, 17)
        x = self.repeat_2(self.mixed_6a(x))  # (N, 1088, 8, 8)
        x = self.repeat_3(self.mixed_7a(x))  # (N, 2080, 3, 3)
        x = self.conv2d_7b(self.block8(x))  # (N, 1536, 3, 3)
        x = self.dropout(x.mean((2, 3)))  # (N, 1536)
        prelogits: Tensor = self.last_bn(self.last_linear(x))
        return prelogits


def _block35(gamma: bool) -> Residual:
    return Residual(
        [
            SlimConv(320, 32, 1, gamma=gamma),
            nn.Sequential(
                SlimConv(320, 32, 1, gamma=gamma), SlimConv(32, 32, 3, padding=1, gamma=gamma)
            ),
            nn.Sequential(
                SlimConv(320, 32, 1, gamma=gamma),
                SlimConv(32, 48, 3, padding=1, gamma=gamma),
                SlimConv(48, 64, 3, padding=1, gamma=gamma),
            ),
        ],
        joined=128,
        channels=320,
        scale=0.17,
    )


def _block17(gamma: bool) -> Residual:
    return Residual(
        [
            SlimConv(1088, 192, 1, gamma=gamma),
            nn.Sequential(
                SlimConv(1088, 128, 1, gamma=gamma),
                SlimConv(128, 160, (1, 7), padding=(0, 3), gamma=gamma),
                SlimConv(160, 192, (7, 1), padding=(3, 0), gamma=gamma),
            ),
        ],
        joined=384,
        channels=1088,
        scale=0.10,
    )


def _block8(gamma: bool, *, scale: float, is_last: bool = False) -> Residual:
    return Residual(
        [
            SlimConv(2080, 192, 1, gamma=gamma),
            nn.Sequential(
                SlimConv(2080, 192, 1, gamma=gamma),
                SlimConv(192, 224, (1, 3), padding=(0, 1), gamma=gamma),
                SlimConv(224, 256, (3, 1), padding=(1, 0), gamma=gamma),
            ),
        ],
        joined=448,
        channels=2080,
        scale=scale,
        is_last=is_last,
    )


class _Mixed5b(nn.Module):
    """192 channels to 320, same size."""

    def __init__(self, gamma: bool) -> None:
        super().__init__()
        self.branch0 = SlimConv(192, 96, 1, gamma=gamma)
        self.branch1 = nn.Sequential(
            SlimConv(192, 48, 1, gamma=gamma), SlimConv(48, 64, 5, padding=2, gamma=gamma)
        )
        self.branch2 = nn.Sequential(
            SlimConv(192, 64, 1, gamma=gamma),
            SlimConv(64, 96, 3, padding=1, gamma=gamma),
            SlimConv(96, 96, 3, padding=1, gamma=gamma),
        )
        self.branch3 = nn.Sequential(
            nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False),  # TensorFlow's SAME
            SlimConv(192, 64, 1, gamma=gamma),
        )

    def forward(self, x: Tensor) -> Tensor:
        return joined([self.branch0, self.branch1, self.branch2, self.branch3], x)


class _Mixed6a(nn.Module):
    """Reduction A: 320 channels to 1,088, half the size."""

    def __init__(self, gamma: bool) -> None:
        super().__init__()
        self.branch0 = SlimConv(320, 384, 3, stride=2, gamma=gamma)
        self.branch1 = nn.Sequential(
            SlimConv(320, 256, 1, gamma=gamma),
            SlimConv(256, 256, 3, padding=1, gamma=gamma),
            SlimConv(256, 384, 3, stride=2, gamma=gamma),
        )
        self.branch2 = nn.MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return joined([self.branch0, self.branch1, self.branch2], x)


class _Mixed7a(nn.Module):
    """Reduction B: 1,088 channels to 2,080, half the size."""

    def __init__(self, gamma: bool) -> None:
        super().__init__()
        self.branch0 = nn.Sequential(
            SlimConv(1088, 256, 1, gamma=gamma), SlimConv(256, 384, 3, stride=2, gamma=gamma)
        )
        self.branch1 = nn.Sequential(
            SlimConv(1088, 256, 1, gamma=gamma), SlimConv(256, 288, 3, stride=2, gamma=gamma)
        )
        self.branch2 = nn.Sequential(
            SlimConv(1088, 256, 1, gamma=gamma),
            SlimConv(256, 288, 3, padding=1, gamma=gamma),
            SlimConv(288, 320, 3, stride=2, gamma=gamma),
        )
        self.branch3 = nn.MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return joined([self.branch0, self.branch1, self.branch2, self.branch3], x)
