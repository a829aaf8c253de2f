"""Inception-ResNet-v1, FaceNet's network: 160 px faces in, unit vectors out. Inference only.

Modules and parameters are named as in facenet-pytorch, whose weight files therefore load as they
are. Public surface: ``InceptionResnetV1``, ``PerImageStandardisation``. Imports torch.
"""

from __future__ import annotations

import math
from typing import Literal, TypeVar

import torch
from torch import Tensor, nn

__all__ = ["INPUT_PX", "InceptionResnetV1", "PerImageStandardisation"]

INPUT_PX = 160
# TensorFlow slim's epsilon of batch normalisation, and facenet's under the root of the final norm.
_BN_EPS = 1e-3
_NORM_EPS = 1e-10

Kernel = int | tuple[int, int]
Norm = TypeVar("Norm", nn.BatchNorm1d, nn.BatchNorm2d)


class InceptionResnetV1(nn.Module):
    """Szegedy et al. 2016 with facenet's bottleneck; ``(N, 3, 160, 160)`` to ``(N, D)`` unit rows.

    ``has_gamma=False`` is facenet's own batch normalisation, which learns no scale: 23,467,824
    parameters with 512 dimensions. With it, as facenet-pytorch counts, 23,482,624. The paper's
    128 dimensions, with it: 22,793,728.
    """

    def __init__(self, *, dimension: Literal[128, 512] = 512, has_gamma: bool = True) -> None:
        super().__init__()
        gamma = has_gamma
        self.conv2d_1a = _Conv(3, 32, 3, stride=2, gamma=gamma)
        self.conv2d_2a = _Conv(32, 32, 3, gamma=gamma)
        self.conv2d_2b = _Conv(32, 64, 3, padding=1, gamma=gamma)
        self.maxpool_3a = nn.MaxPool2d(3, stride=2)
        self.conv2d_3b = _Conv(64, 80, 1, gamma=gamma)
        self.conv2d_4a = _Conv(80, 192, 3, gamma=gamma)
        self.conv2d_4b = _Conv(192, 256, 3, stride=2, gamma=gamma)
        self.repeat_1 = nn.Sequential(*(_block35(gamma) for _ in range(5)))
        self.mixed_6a = _Mixed6a(gamma)
        self.repeat_2 = nn.Sequential(*(_block17(gamma) for _ in range(10)))
        self.mixed_7a = _Mixed7a(gamma)
        self.repeat_3 = nn.Sequential(*(_block8(gamma, scale=0.2) for _ in range(5)))
        self.block8 = _block8(gamma, scale=1.0, is_last=True)
        self.last_linear = nn.Linear(1792, dimension, bias=False)
        norm = nn.BatchNorm1d(dimension, eps=_BN_EPS)
        self.last_bn = norm if has_gamma else _without_gamma(norm)

    def forward(self, pixels: Tensor) -> Tensor:
        x = self.conv2d_2b(self.conv2d_2a(self.conv2d_1a(pixels)))
        x = self.conv2d_3b(self.maxpool_3a(x))
        x = self.repeat_1(self.conv2d_4b(self.conv2d_4a(x)))
        x = self.repeat_2(self.mixed_6a(x))
        x = self.block8(self.repeat_3(self.mixed_7a(x)))
        x = self.last_bn(self.last_linear(x.mean((2, 3))))
        squares = (x * x).sum(1, keepdim=True)
        unit: Tensor = x / squares.clamp(min=_NORM_EPS).sqrt()
        return unit


class PerImageStandardisation(nn.Module):
    """``(x - mean) / max(std, 1 / sqrt(N))`` over each picture of ``(N, 3, H, W)``."""

    def __init__(self, *, size_px: int = INPUT_PX) -> None:
        super().__init__()
        self._least = 1.0 / math.sqrt(3 * size_px * size_px)

    def forward(self, pixels: Tensor) -> Tensor:
        centred = pixels - pixels.mean((1, 2, 3), keepdim=True)
        variance = (centred * centred).mean((1, 2, 3), keepdim=True)
        return centred / variance.sqrt().clamp(min=self._least)


def _without_gamma(norm: Norm) -> Norm:
    """Drop the learnt scale: what remains is a shift, which slim calls beta."""
    norm.register_parameter("weight", None)
    return norm


class _Conv(nn.Module):
    """Convolution without bias, batch normalisation, ReLU."""

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
        norm = nn.BatchNorm2d(channels_out, eps=_BN_EPS)
        self.bn = norm if gamma else _without_gamma(norm)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.bn(self.conv(x)))


class _Residual(nn.Module):
    """Branches side by side, joined by a 1x1 convolution with bias, scaled and added."""

    def __init__(
        self,
        branches: list[nn.Module],
        *,
        joined: int,
        channels: int,
        scale: float,
        is_last: bool = False,
    ) -> None:
        super().__init__()
        for number, branch in enumerate(branches):
            self.add_module(f"branch{number}", branch)
        self.conv2d = nn.Conv2d(joined, channels, 1)
        self._count = len(branches)
        self._scale = scale
        self._is_last = is_last

    def forward(self, x: Tensor) -> Tensor:
        parts = [self.get_submodule(f"branch{number}")(x) for number in range(self._count)]
        summed = self.conv2d(torch.cat(parts, 1)) * self._scale + x
        return summed if self._is_last else torch.relu(summed)


def _block35(gamma: bool) -> _Residual:
    return _Residual(
        [
            _Conv(256, 32, 1, gamma=gamma),
            nn.Sequential(_Conv(256, 32, 1, gamma=gamma), _Conv(32, 32, 3, padding=1, gamma=gamma)),
            nn.Sequential(
                _Conv(256, 32, 1, gamma=gamma),
                _Conv(32, 32, 3, padding=1, gamma=gamma),
                _Conv(32, 32, 3, padding=1, gamma=gamma),
            ),
        ],
        joined=96,
        channels=256,
        scale=0.17,
    )


def _block17(gamma: bool) -> _Residual:
    return _Residual(
        [
            _Conv(896, 128, 1, gamma=gamma),
            nn.Sequential(
                _Conv(896, 128, 1, gamma=gamma),
                _Conv(128, 128, (1, 7), padding=(0, 3), gamma=gamma),
                _Conv(128, 128, (7, 1), padding=(3, 0), gamma=gamma),
            ),
        ],
        joined=256,
        channels=896,
        scale=0.10,
    )


def _block8(gamma: bool, *, scale: float, is_last: bool = False) -> _Residual:
    return _Residual(
        [
            _Conv(1792, 192, 1, gamma=gamma),
            nn.Sequential(
                _Conv(1792, 192, 1, gamma=gamma),
                _Conv(192, 192, (1, 3), padding=(0, 1), gamma=gamma),
                _Conv(192, 192, (3, 1), padding=(1, 0), gamma=gamma),
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
        self.branch0 = _Conv(256, 384, 3, stride=2, gamma=gamma)
        self.branch1 = nn.Sequential(
            _Conv(256, 192, 1, gamma=gamma),
            _Conv(192, 192, 3, padding=1, gamma=gamma),
            _Conv(192, 256, 3, stride=2, gamma=gamma),
        )
        self.branch2 = nn.MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.branch0(x), self.branch1(x), self.branch2(x)], 1)


class _Mixed7a(nn.Module):
    """Reduction B: 896 channels to 1,792, half the size."""

    def __init__(self, gamma: bool) -> None:
        super().__init__()
        self.branch0 = nn.Sequential(
            _Conv(896, 256, 1, gamma=gamma), _Conv(256, 384, 3, stride=2, gamma=gamma)
        )
        self.branch1 = nn.Sequential(
            _Conv(896, 256, 1, gamma=gamma), _Conv(256, 256, 3, stride=2, gamma=gamma)
        )
        self.branch2 = nn.Sequential(
            _Conv(896, 256, 1, gamma=gamma),
            _Conv(256, 256, 3, padding=1, gamma=gamma),
            _Conv(256, 256, 3, stride=2, gamma=gamma),
        )
        self.branch3 = nn.MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        parts = [self.branch0(x), self.branch1(x), self.branch2(x), self.branch3(x)]
        return torch.cat(parts, 1)
