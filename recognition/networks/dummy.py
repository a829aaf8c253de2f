"""Flatten and one linear layer: for tests of what stands around a network.

Public surface: ``Dummy``, ``build``. Imports torch.
"""

from __future__ import annotations

from torch import Tensor, nn

from recognition.networks.base import FaceNetwork
from recognition.networks.spec import NetworkShape

__all__ = ["Dummy", "build"]


def build(shape: NetworkShape) -> FaceNetwork:
    return Dummy(shape)


class Dummy(FaceNetwork):
    """``(N, 3, S, S)`` to ``(N, D)``. facenet's has batch normalisation after it; this has none,
    so that what a test computes by hand comes out.
    """

    head = ("linear",)

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__(shape)
        self.dropout = nn.Dropout(shape.dropout)
        self.linear = nn.Linear(3 * shape.input_px**2, shape.embedding_size)

    def forward(self, images: Tensor) -> Tensor:
        prelogits: Tensor = self.linear(self.dropout(images.flatten(1)))
        return prelogits
