"""What the inception networks of the FaceNet paper have in common: NN2 and its smaller sisters.

A network is a table of modules. The paper's local response normalisation is replaced by batch
normalisation, as in facenet's and OpenFace's own code; its L2 pooling is kept. Public surface:
``InceptionNetwork``, ``Module``, ``Pool``. Imports torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from recognition.networks.base import FaceNetwork
from recognition.networks.layers import ConvNorm, L2Pool, halved, joined
from recognition.networks.spec import NetworkShape

__all__ = ["InceptionNetwork", "Module", "Pool"]

Pool = Literal["max", "l2"]


@dataclass(frozen=True, slots=True)
class Module:
    """One row of the paper's table: channels of each branch, 0 where it is absent.

    ``three`` and ``five`` are (reduced, out). A module of stride 2 lets its pooling through
    unprojected.
    """

    name: str
    one: int
    three: tuple[int, int]
    five: tuple[int, int]
    projected: int
    pool: Pool = "max"
    stride: int = 1

    def channels_out(self, channels_in: int) -> int:
        pooled = self.projected or channels_in
        return self.one + self.three[1] + self.five[1] + pooled


class InceptionNetwork(FaceNetwork):
    """``(N, 3, S, S)`` to ``(N, D)``; any size from 32 px on.

    ``stem`` are the channels of the three convolutions before the modules, ``bias`` is of all
    convolutions. With ``hidden`` the last cells are not averaged but flattened into a layer of so
    many numbers; the network then takes its own size only.
    """

    head = ("linear",)

    def __init__(
        self,
        shape: NetworkShape,
        *,
        modules: Sequence[Module],
        stem: tuple[int, int, int] = (64, 64, 192),
        hidden: int | None = None,
        bias: bool = False,
    ) -> None:
        super().__init__(shape)
        first, second, channels = stem
        self.conv1 = ConvNorm(3, first, 7, stride=2, bias=bias)
        self.pool1 = nn.MaxPool2d(3, stride=2, padding=1)
        self.conv2 = ConvNorm(first, second, 1, bias=bias)
        self.conv3 = ConvNorm(second, channels, 3, bias=bias)
        self.pool3 = nn.MaxPool2d(3, stride=2, padding=1)
        self.inception = nn.Sequential()
        for module in modules:
            self.inception.add_module(module.name, _Inception(channels, module, bias=bias))
            channels = module.channels_out(channels)
        self.fc: nn.Module | None = None
        if hidden is not None:
            cells = halved(shape.input_px, times=3 + sum(row.stride == 2 for row in modules)) ** 2
            self.fc = nn.Sequential(
                nn.Linear(channels * cells, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU()
            )
        self.dropout = nn.Dropout(shape.dropout)
        self.linear = nn.Linear(hidden or channels, shape.embedding_size)

    def forward(self, images: Tensor) -> Tensor:  # sides at 224, 160 and 96 px
        x = self.pool1(self.conv1(images))  # (N, 64, 56 | 40 | 24)
        x = self.pool3(self.conv3(self.conv2(x)))  # (N, 192, 28 | 20 | 12)
        x = self.inception(x)  # (N, C, 7 | 5 | 3)
        x = x.mean((2, 3)) if self.fc is None else self.fc(x.flatten(1))
        prelogits: Tensor = self.linear(self.dropout(x))
        return prelogits


class _Inception(nn.Module):
    """1x1, reduced 3x3, reduced 5x5 and pooling side by side; batch normalisation everywhere."""

    def __init__(self, channels_in: int, row: Module, *, bias: bool) -> None:
        super().__init__()
        branches: list[nn.Module] = []
        if row.one:
            branches.append(ConvNorm(channels_in, row.one, 1, bias=bias))
        for kernel, (reduced, out) in ((3, row.three), (5, row.five)):
            if out:
                branches.append(
                    nn.Sequential(
                        ConvNorm(channels_in, reduced, 1, bias=bias),
                        ConvNorm(reduced, out, kernel, stride=row.stride, bias=bias),
                    )
                )
        pool = L2Pool() if row.pool == "l2" else nn.MaxPool2d(3, stride=row.stride, padding=1)
        if row.projected:
            branches.append(nn.Sequential(pool, ConvNorm(channels_in, row.projected, 1, bias=bias)))
        else:
            branches.append(pool)
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        return joined(list(self.branches), x)
