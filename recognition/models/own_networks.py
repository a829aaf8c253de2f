"""The model kinds that are networks of ours, as modules: prepared pixels in, unit rows out.

Public surface: ``OWN_KINDS``, ``own_network``, ``with_standardisation``. Imports torch when asked.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from recognition.weights import WeightsEntry

if TYPE_CHECKING:
    from torch import nn

__all__ = ["OWN_KINDS", "own_network", "with_standardisation"]

# Inception-ResNet-v1 under facenet-pytorch's names, and files of ``recognition.networks``.
OWN_KINDS = frozenset({"inception-resnet-v1", "network"})


def own_network(item: WeightsEntry, path: Path) -> nn.Module:
    """The network of one of ``OWN_KINDS`` with the weights at ``path``, in evaluation mode."""
    if item.kind == "network":
        from recognition.networks.base import UnitNetwork
        from recognition.networks.files import load_network

        return UnitNetwork(load_network(path)).eval().requires_grad_(requires_grad=False)
    from recognition.embedding.inception_file import build_network, read_weights

    return build_network(read_weights(path))


def with_standardisation(network: nn.Module, item: WeightsEntry) -> nn.Module:
    """The same for pixels of 0..255 where its model is prepared ``per_image``."""
    if item.spec.scaling != "per_image":
        return network
    from torch import nn

    from recognition.embedding.inception_resnet import PerImageStandardisation

    standardise = PerImageStandardisation(size_px=item.spec.crop.size_px)
    return nn.Sequential(standardise, network).eval()
