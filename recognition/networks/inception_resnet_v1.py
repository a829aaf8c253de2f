"""Inception-ResNet-v1, FaceNet's network: Szegedy et al. 2016 with facenet's bottleneck.

Modules and parameters are named as in facenet-pytorch, whose weight files therefore load as they
are. Public surface: ``InceptionResnetV1``, ``build``. Imports torch.
"""

from __future__ import annotations

from torch import Tensor, nn

from recognition.networks.base import FaceNetwork
from recognition.networks.layers import SlimConv, joined, slim_norm_of_rows
from recognition.networks.residual import Residual
from recognition.networks.spec import NetworkShape

__all__ = ["InceptionResnetV1", "build"]


def build(shape: NetworkShape) -> FaceNetwork:
    return InceptionResnetV1(shape)


class InceptionResnetV1(FaceNetwork):
    """``(N, 3, 160, 160)`` to ``(N, D)``; any size from 80 px on.

    ``has_gamma=False`` is facenet's own batch normalisation, which learns no scale: 23,467,824
    parameters with 512 dimensions. With it, as facenet-pytorch counts, 23,482,624.
    """

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
        self.conv2d_4b = SlimConv(192, 256, 3, stride=2, gamma=gamma)
        self.repeat_1 = nn.Sequential(*(_block35(gamma) for _ in range(5)))
        self.mixed_6a = _Mixed6a(gamma)
        self.repeat_2 = nn.Sequential(*(_block17(gamma) for _ in range(10)))
        self.mixed_7a = _Mixed7a(gamma)
        self.repeat_3 = nn.Sequential(*(_block8(gamma, scale=0.2) for _ in range(5)))
        self.block8 = _block8(gamma, scale=1.0, is_last=True)
        self.dropout = nn.Dropout(shape.dropout)
        self.last_linear = nn.Linear(1792, shape.embedding_size, bias=False)
        self.last_bn = slim_norm_of_rows(shape.embedding_size, gamma=gamma)

    def forward(self, images: Tensor) -> Tensor:
        x = self.conv2d_1a(images)  # (N, 32, 79, 79)
        x = self.conv2d_2b(self.conv2d_2a(x))  # (N, 64, 77, 77)
        x = self.conv2d_3b(self.maxpool_3a(x))  # (N, 80, 38, 38)
        x = self.conv2d_4b(self.conv2d_4a(x))  # (N, 256, 17, 17)
        x = self.mixed_6a(self.repeat_1(x))  # (N, 896, 8, 8)
        x = self.mixed_7a(self.repeat_2(x))  # (N, 1792, 3, 3)
        x = self.block8(self.repeat_3(x))
        x = self.dropout(x.mean((2, 3)))  # (N, 1792)
        prelogits: Tensor = self.last_bn(self.last_linear(x))
        return prelogits


def _block35(gamma: bool) -> Residual:
    return Residual(
        [
            SlimConv(256, 32, 1, gamma=gamma),
            nn.Sequential(
                SlimConv(256, 32, 1, gamma=gamma), SlimConv(32, 32, 3, padding=1, gamma=gamma)
            ),
            nn.Sequential(
                SlimConv(256, 32, 1, gamma=gamma),
                SlimConv(32, 32, 3, padding=1, gamma=gamma),
                SlimConv(32, 32, 3, padding=1, gamma=gamma),
            ),
        ],
        joined=96,
        channels=256,
        scale=0.17,
    )


def _block17(gamma: bool) -> Residual:
    return Residual(
        [
            SlimConv(896, 128, 1, gamma=gamma),
            nn.Sequential(
                SlimConv(896, 128, 1, gamma=gamma),
                SlimConv(128, 128, (1, 7), padding=(0, 3), gamma=gamma),
                SlimConv(128, 128, (7, 1), padding=(3, 0), gamma=gamma),
            ),
        ],
        joined=256,
        channels=896,
        scale=0.10,
    )


def _block8(gamma: bool, *, scale: float, is_last: bool = False) -> Residual:
    return Residual(
        [
            SlimConv(1792, 192, 1, gamma=gamma),
            nn.Sequential(
                SlimConv(1792, 192, 1, gamma=gamma),
                SlimConv(192, 192, (1, 3), padding=(0, 1), gamma=gamma),
                SlimConv(192, 192, (3, 1), padding=(1, 0), gamma=gamma),
            ),
        ],
        joined=384,
        channels=1792,
        scale=scale,
        is_last=is_last,
    )


class _Mixed6a(nn.Module):
    """Reduction A: 256 channels to 896, half the size."""

    def __init__(self, gamma: bool) -> None:
        super().__init__()
        self.branch0 = SlimConv(256, 384, 3, stride=2, gamma=gamma)
        self.branch1 = nn.Sequential(
            SlimConv(256, 192, 1, gamma=gamma),
            SlimConv(192, 192, 3, padding=1, gamma=gamma),
            SlimConv(192, 256, 3, stride=2, gamma=gamma),
        )
        self.branch2 = nn.MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return joined([self.branch0, self.branch1, self.branch2], x)


class _Mixed7a(nn.Module):
    """Reduction B: 896 channels to 1,792, half the size."""

    def __init__(self, gamma: bool) -> None:
        super().__init__()
        self.branch0 = nn.Sequential(
            SlimConv(896, 256, 1, gamma=gamma), SlimConv(256, 384, 3, stride=2, gamma=gamma)
        )
        self.branch1 = nn.Sequential(
            SlimConv(896, 256, 1, gamma=gamma), SlimConv(256, 256, 3, stride=2, gamma=gamma)
        )
        self.branch2 = nn.Sequential(
            SlimConv(896, 256, 1, gamma=gamma),
            SlimConv(256, 256, 3, padding=1, gamma=gamma),
            SlimConv(256, 256, 3, stride=2, gamma=gamma),
        )
        self.branch3 = nn.MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return joined([self.branch0, self.branch1, self.branch2, self.branch3], x)
