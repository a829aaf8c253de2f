"""NN4-small2, OpenFace's small network of 96 px: fewer modules, narrower, no 5x5 at the end.

As in OpenFace the convolutions keep their biases beside the batch normalisation, so that the
count is the published one: 3,733,968. Public surface: ``build``. Imports torch.
"""

from __future__ import annotations

from recognition.networks.base import FaceNetwork
from recognition.networks.inception import InceptionNetwork, Module
from recognition.networks.spec import NetworkShape

__all__ = ["build"]

_MODULES = (
    Module("3a", 64, (96, 128), (16, 32), 32),  # (N, 256, 12, 12)
    Module("3b", 64, (96, 128), (32, 64), 64, pool="l2"),  # (N, 320, 12, 12)
    Module("3c", 0, (128, 256), (32, 64), 0, stride=2),  # (N, 640, 6, 6)
    Module("4a", 256, (96, 192), (32, 64), 128, pool="l2"),  # (N, 640, 6, 6)
    Module("4e", 0, (160, 256), (64, 128), 0, stride=2),  # (N, 1024, 3, 3)
    Module("5a", 256, (96, 384), (0, 0), 96, pool="l2"),  # (N, 736, 3, 3)
    Module("5b", 256, (96, 384), (0, 0), 96),
)


def build(shape: NetworkShape) -> FaceNetwork:
    return InceptionNetwork(shape, modules=_MODULES, bias=True)
