"""Inception-ResNet-v2: Szegedy et al. 2016 as in slim and facenet, with facenet v1's bottleneck.

Public surface: ``InceptionResnetV2``, ``build``. Imports torch.
"""

from __future__ import annotations

from torch import Tensor, nn

from recognition.networks.base import FaceNetwork
from recognition.networks.inception_resnet import Reduction8, Reduction17, block35, crossed_block
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
        self.mixed_6a = Reduction17(320, (256, 256, 384), gamma=gamma)
        self.repeat_2 = nn.Sequential(*(_block17(gamma) for _ in range(20)))
        self.mixed_7a = Reduction8(1088, (288, 288, 320), gamma=gamma)
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
    return block35(320, (48, 64), gamma=gamma)


def _block17(gamma: bool) -> Residual:
    return crossed_block(1088, 192, (128, 160, 192), length=7, scale=0.10, gamma=gamma)


def _block8(gamma: bool, *, scale: float, is_last: bool = False) -> Residual:
    return crossed_block(
        2080, 192, (192, 224, 256), length=3, scale=scale, gamma=gamma, is_last=is_last
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
