"""ResFace-20 and -36: SphereFace's residual networks as the AM-Softmax project trained them.

After every convolution batch normalisation and PReLU; what a unit computes is added without
another activation. ResFace-36 has one unit of 512 channels, as in that source, where SphereFace's
paper has two. Public surface: ``ResFace``, ``resface_20``, ``resface_36``. Imports torch.
"""

from __future__ import annotations

from torch import Tensor, nn

from recognition.networks.base import FaceNetwork
from recognition.networks.layers import ConvNorm, halved, slim_norm_of_rows
from recognition.networks.spec import NetworkShape

__all__ = ["ResFace", "resface_20", "resface_36"]

_WIDTHS = (64, 128, 256, 512)


def resface_20(shape: NetworkShape) -> FaceNetwork:
    return ResFace(shape, units=(1, 2, 4, 1))


def resface_36(shape: NetworkShape) -> FaceNetwork:
    return ResFace(shape, units=(2, 4, 8, 1))


class ResFace(FaceNetwork):
    """``(N, 3, 112, 112)`` to ``(N, D)``; ``units`` of each of the four stages."""

    head = ("linear", "bn")

    def __init__(self, shape: NetworkShape, *, units: tuple[int, int, int, int]) -> None:
        super().__init__(shape)
        stages: list[nn.Module] = []
        channels = 3
        for width, count in zip(_WIDTHS, units, strict=True):
            first = ConvNorm(channels, width, 3, stride=2, activation="prelu")
            stages.append(nn.Sequential(first, *(_Unit(width) for _ in range(count))))
            channels = width
        self.stages = nn.Sequential(*stages)
        self.dropout = nn.Dropout(shape.dropout)
        cells = halved(shape.input_px, times=4) ** 2
        self.linear = nn.Linear(512 * cells, shape.embedding_size, bias=False)
        self.bn = slim_norm_of_rows(shape.embedding_size, gamma=True)

    def forward(self, images: Tensor) -> Tensor:
        x = self.stages(images)  # (N, 512, 7, 7) after sides of 56, 28 and 14
        prelogits: Tensor = self.bn(self.linear(self.dropout(x.flatten(1))))
        return prelogits


class _Unit(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvNorm(channels, channels, 3, activation="prelu")
        self.second = ConvNorm(channels, channels, 3, activation="prelu")

    def forward(self, x: Tensor) -> Tensor:
        summed: Tensor = self.second(self.first(x)) + x
        return summed
