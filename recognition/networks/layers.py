"""Pieces that several networks are made of. Imports torch.

Public surface: the names in ``__all__``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeVar

import torch
from torch import Tensor, nn

__all__ = [
    "ConvNorm",
    "Kernel",
    "L2Pool",
    "SlimConv",
    "halved",
    "joined",
    "slim_norm_of_rows",
]

Kernel = int | tuple[int, int]
Norm = TypeVar("Norm", nn.BatchNorm1d, nn.BatchNorm2d)

# TensorFlow slim's batch normalisation, with the decay of facenet's arguments (0.995).
_SLIM_EPS = 1e-3
_SLIM_MOMENTUM = 0.005


def halved(side_px: int, *, times: int) -> int:
    """The side of a square after layers of stride 2 that pad: rounded up each time."""
    for _ in range(times):
        side_px = (side_px + 1) // 2
    return side_px


def _without_gamma(norm: Norm) -> Norm:
    """Drop the learnt scale: what remains is a shift, which slim calls beta."""
    norm.register_parameter("weight", None)
    return norm


def _slim_norm(channels: int, *, gamma: bool) -> nn.BatchNorm2d:
    """Batch normalisation as slim has it; facenet's own has no gamma."""
    norm = nn.BatchNorm2d(channels, eps=_SLIM_EPS, momentum=_SLIM_MOMENTUM)
    return norm if gamma else _without_gamma(norm)


def slim_norm_of_rows(channels: int, *, gamma: bool) -> nn.BatchNorm1d:
    """The same for the embedding."""
    norm = nn.BatchNorm1d(channels, eps=_SLIM_EPS, momentum=_SLIM_MOMENTUM)
    return norm if gamma else _without_gamma(norm)


class SlimConv(nn.Module):
    """Convolution without bias, slim's batch normalisation, ReLU."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: Kernel,
        *,
        gamma: bool,
        stride: int = 1,
        padding: Kernel = 0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            channels_in, channels_out, kernel, stride=stride, padding=padding, bias=False
        )
        self.bn = _slim_norm(channels_out, gamma=gamma)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.bn(self.conv(x)))


class ConvNorm(nn.Sequential):
    """Convolution that keeps the size (but for its stride), batch normalisation, activation."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        bias: bool = False,
        activation: Literal["relu", "prelu", "none"] = "relu",
    ) -> None:
        activations: dict[str, list[nn.Module]] = {
            "relu": [nn.ReLU()],
            "prelu": [nn.PReLU(channels_out)],
            "none": [],
        }
        super().__init__(
            nn.Conv2d(
                channels_in,
                channels_out,
                kernel,
                stride=stride,
                padding=kernel // 2,
                groups=groups,
                bias=bias,
            ),
            nn.BatchNorm2d(channels_out),
            *activations[activation],
        )


class L2Pool(nn.Module):
    """The root of the sum of squares of each 3x3 window, ``(N, C, H, W)`` to the same."""

    # The root's slope at zero is infinite; this bounds it.
    _EPS = 1e-6

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.AvgPool2d(3, stride=1, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        summed: Tensor = self.mean(x * x) * 9.0
        return (summed + self._EPS).sqrt()


def joined(branches: Sequence[nn.Module], x: Tensor) -> Tensor:
    """What several branches make of the same input, side by side in the channels."""
    return torch.cat([branch(x) for branch in branches], 1)
