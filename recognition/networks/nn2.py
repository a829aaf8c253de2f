"""NN2, the inception network of the FaceNet paper (table 2), and NN3: the same at 160 px.

Public surface: ``build``, ``MODULES``. Imports torch.
"""

from __future__ import annotations

from recognition.networks.base import FaceNetwork
from recognition.networks.inception import InceptionNetwork, Module
from recognition.networks.spec import NetworkShape

__all__ = ["MODULES", "build"]

MODULES = (  # sides at 224 px
    Module("3a", 64, (96, 128), (16, 32), 32),  # (N, 256, 28, 28)
    Module("3b", 64, (96, 128), (32, 64), 64, pool="l2"),  # (N, 320, 28, 28)
    Module("3c", 0, (128, 256), (32, 64), 0, stride=2),  # (N, 640, 14, 14)
    Module("4a", 256, (96, 192), (32, 64), 128, pool="l2"),  # (N, 640, 14, 14)
    Module("4b", 224, (112, 224), (32, 64), 128, pool="l2"),
    Module("4c", 192, (128, 256), (32, 64), 128, pool="l2"),
    Module("4d", 160, (144, 288), (32, 64), 128, pool="l2"),
    Module("4e", 0, (160, 256), (64, 128), 0, stride=2),  # (N, 1024, 7, 7)
    Module("5a", 384, (192, 384), (48, 128), 128, pool="l2"),  # (N, 1024, 7, 7)
    Module("5b", 384, (192, 384), (48, 128), 128),
)


def build(shape: NetworkShape) -> FaceNetwork:
    return InceptionNetwork(shape, modules=MODULES)
