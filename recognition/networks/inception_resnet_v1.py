"""Inception-ResNet-v1, FaceNet's network: Szegedy et al. 2016 with facenet's bottleneck.

Modules and parameters are named as in facenet-pytorch, whose weight files therefore load as they
are. Public surface: ``InceptionResnetV1``, ``build``. Imports torch.
"""

from __future__ import annotations

from torch import Tensor, nn

from recognition.networks.base import FaceNetwork
from recognition.networks.inception_resnet import Reduction8, Reduction17, block35, crossed_block
from recognition.networks.layers import SlimConv, slim_norm_of_rows
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
        self.mixed_6a = Reduction17(256, (192, 192, 256), gamma=gamma)
        self.repeat_2 = nn.Sequential(*(_block17(gamma) for _ in range(10)))
        self.mixed_7a = Reduction8(896, (256, 256, 256), gamma=gamma)
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
    return block35(256, (32, 32), gamma=gamma)


def _block17(gamma: bool) -> Residual:
    return crossed_block(896, 128, (128, 128, 128), length=7, scale=0.10, gamma=gamma)


def _block8(gamma: bool, *, scale: float, is_last: bool = False) -> Residual:
    return crossed_block(
        1792, 192, (192, 192, 192), length=3, scale=scale, gamma=gamma, is_last=is_last
    )
