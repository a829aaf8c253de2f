"""NNS2, the FaceNet paper's "tiny inception" for telephones: our own design to its budget.

The paper gives 140x116 px, 4.3 million parameters and 20 million multiply-adds, and no table. Our
crops are square: 128x128 has as many pixels (16,384 for 16,240). Public surface: ``build``.
Imports torch.
"""

from __future__ import annotations

from recognition.networks.base import FaceNetwork
from recognition.networks.inception import InceptionNetwork, Module
from recognition.networks.spec import NetworkShape

__all__ = ["build"]

_MODULES = (
    Module("3a", 16, (16, 24), (4, 8), 8),  # (N, 56, 16, 16)
    Module("3b", 0, (16, 32), (4, 16), 0, stride=2),  # (N, 104, 8, 8)
    Module("4a", 32, (16, 48), (8, 16), 16),  # (N, 112, 8, 8)
    Module("4b", 0, (24, 64), (8, 16), 0, stride=2),  # (N, 192, 4, 4)
    Module("5a", 64, (32, 128), (8, 32), 32),  # (N, 256, 4, 4)
)


def build(shape: NetworkShape) -> FaceNetwork:
    return InceptionNetwork(shape, modules=_MODULES, stem=(12, 16, 24), hidden=992)
