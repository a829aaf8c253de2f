"""NNS1, the FaceNet paper's "mini inception": our own design to its published budget.

The paper gives 165x165 px, 26 million parameters and 220 million multiply-adds, and no table. So
many parameters for so few multiply-adds need a wide layer behind few cells: seven narrow modules
and a layer of 1,280 numbers (25 million of the parameters). Public surface: ``build``. Imports
torch.
"""

from __future__ import annotations

from recognition.networks.base import FaceNetwork
from recognition.networks.inception import InceptionNetwork, Module
from recognition.networks.spec import NetworkShape

__all__ = ["build"]

_MODULES = (
    Module("3a", 32, (48, 64), (8, 16), 16),  # (N, 128, 21, 21)
    Module("3b", 0, (64, 128), (16, 32), 0, stride=2),  # (N, 288, 11, 11)
    Module("4a", 96, (64, 128), (16, 32), 64),  # (N, 320, 11, 11)
    Module("4b", 96, (64, 128), (16, 32), 64),
    Module("4c", 0, (96, 160), (24, 64), 0, stride=2),  # (N, 544, 6, 6)
    Module("5a", 192, (96, 224), (24, 64), 64),  # (N, 544, 6, 6)
    Module("5b", 176, (96, 224), (24, 64), 64),  # (N, 528, 6, 6)
)


def build(shape: NetworkShape) -> FaceNetwork:
    return InceptionNetwork(shape, modules=_MODULES, stem=(32, 32, 96), hidden=1280)
