"""The blocks that Inception-ResNet-v1 and v2 share: the same shape in two widths.

Szegedy et al. 2016, figures 7, 10 to 13 and 16 to 19. Names of modules are facenet-pytorch's.
Public surface: ``Reduction17``, ``Reduction8``, ``block35``, ``crossed_block``. Imports torch.
"""

from __future__ import annotations

from torch import Tensor, nn

from recognition.networks.layers import SlimConv, joined
from recognition.networks.residual import Residual

__all__ = ["Reduction8", "Reduction17", "block35", "crossed_block"]

Widths = tuple[int, int, int]


def block35(channels: int, widths: tuple[int, int], *, gamma: bool) -> Residual:
    """Inception-ResNet-A; ``widths`` are those of the two 3x3 convolutions in a row."""
    first, second = widths
    return Residual(
        [
            SlimConv(channels, 32, 1, gamma=gamma),
            nn.Sequential(
                SlimConv(channels, 32, 1, gamma=gamma), SlimConv(32, 32, 3, padding=1, gamma=gamma)
            ),
            nn.Sequential(
                SlimConv(channels, 32, 1, gamma=gamma),
                SlimConv(32, first, 3, padding=1, gamma=gamma),
                SlimConv(first, second, 3, padding=1, gamma=gamma),
            ),
        ],
        joined=64 + second,
        channels=channels,
        scale=0.17,
    )


def crossed_block(
    channels: int,
    width: int,
    widths: Widths,
    *,
    length: int,
    scale: float,
    gamma: bool,
    is_last: bool = False,
) -> Residual:
    """Inception-ResNet-B (``length`` 7) and C (3): one branch of 1x1 in ``width``, and one of 1x1,
    a row and a column of ``length``, in ``widths``."""
    first, second, third = widths
    around = length // 2
    return Residual(
        [
            SlimConv(channels, width, 1, gamma=gamma),
            nn.Sequential(
                SlimConv(channels, first, 1, gamma=gamma),
                SlimConv(first, second, (1, length), padding=(0, around), gamma=gamma),
                SlimConv(second, third, (length, 1), padding=(around, 0), gamma=gamma),
            ),
        ],
        joined=width + third,
        channels=channels,
        scale=scale,
        is_last=is_last,
    )


class Reduction17(nn.Module):
    """Reduction A: ``(N, C, H, W)`` to ``(N, C + 384 + widths[2], H/2, W/2)``."""

    def __init__(self, channels: int, widths: Widths, *, gamma: bool) -> None:
        super().__init__()
        first, second, third = widths
        self.branch0 = SlimConv(channels, 384, 3, stride=2, gamma=gamma)
        self.branch1 = nn.Sequential(
            SlimConv(channels, first, 1, gamma=gamma),
            SlimConv(first, second, 3, padding=1, gamma=gamma),
            SlimConv(second, third, 3, stride=2, gamma=gamma),
        )
        self.branch2 = nn.MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return joined([self.branch0, self.branch1, self.branch2], x)


class Reduction8(nn.Module):
    """Reduction B: ``(N, C, H, W)`` to ``(N, C + 384 + widths[0] + widths[2], H/2, W/2)``."""

    def __init__(self, channels: int, widths: Widths, *, gamma: bool) -> None:
        super().__init__()
        short, middle, last = widths
        self.branch0 = nn.Sequential(
            SlimConv(channels, 256, 1, gamma=gamma), SlimConv(256, 384, 3, stride=2, gamma=gamma)
        )
        self.branch1 = nn.Sequential(
            SlimConv(channels, 256, 1, gamma=gamma), SlimConv(256, short, 3, stride=2, gamma=gamma)
        )
        self.branch2 = nn.Sequential(
            SlimConv(channels, 256, 1, gamma=gamma),
            SlimConv(256, middle, 3, padding=1, gamma=gamma),
            SlimConv(middle, last, 3, stride=2, gamma=gamma),
        )
        self.branch3 = nn.MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return joined([self.branch0, self.branch1, self.branch2, self.branch3], x)
