"""NN4: NN2 on 96 px pictures, without 5x5 convolutions in the last two modules.

The paper says no more than that; the widths are those of facenet's ``tmp/nn4.py``. Public surface:
``build``. Imports torch.
"""

from __future__ import annotations

from recognition.networks.base import FaceNetwork
from recognition.networks.inception import InceptionNetwork, Module
from recognition.networks.nn2 import MODULES
from recognition.networks.spec import NetworkShape

__all__ = ["build"]

_LAST = (  # on 3x3 cells, where a 5x5 convolution would see mostly padding
    Module("5a", 384, (192, 384), (0, 0), 128, pool="l2"),  # (N, 896, 3, 3)
    Module("5b", 384, (192, 384), (0, 0), 128),
)


def build(shape: NetworkShape) -> FaceNetwork:
    return InceptionNetwork(shape, modules=(*MODULES[:-2], *_LAST))
