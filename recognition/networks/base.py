"""What every embedding network here has in common. Imports torch.

Public surface: ``FaceNetwork``, ``unit_rows``, ``count_multiply_adds``, ``decayed_parameters``,
``set_batch_norm_decay``, ``UnitNetwork``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from recognition.networks.spec import NetworkShape

__all__ = [
    "FaceNetwork",
    "UnitNetwork",
    "count_multiply_adds",
    "decayed_parameters",
    "set_batch_norm_decay",
    "unit_rows",
]

# facenet's, under the root of its final normalisation.
_NORM_EPS = 1e-10


class FaceNetwork(nn.Module, ABC):
    """Prepared pixels ``(N, 3, H, W) float32`` in, ``(N, embedding_size)`` prelogits out.

    ``head`` names the modules that make the embedding of the trunk's features: what is drawn anew
    when weights of another task are restored.
    """

    head: ClassVar[tuple[str, ...]]

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.name = shape.name
        self.input_px = shape.input_px
        self.embedding_size = shape.embedding_size

    @abstractmethod
    def forward(self, images: Tensor) -> Tensor:
        """Prelogits, not normalised: what softmax, centre and prelogits-norm losses take."""

    def embed(self, images: Tensor) -> Tensor:
        """The embedding: rows of length 1."""
        return unit_rows(self(images))

    def is_of_head(self, parameter: str) -> bool:
        """Whether a name of the state dict belongs to the head."""
        return parameter.startswith(tuple(f"{module}." for module in self.head))


class UnitNetwork(nn.Module):
    """A network whose forward is ``embed``: what is exported and run by the engine."""

    def __init__(self, network: FaceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network.embed(images)


def unit_rows(x: Tensor) -> Tensor:
    """Rows divided by their length, facenet's way: a zero row stays zero."""
    if x.dtype is torch.float16:  # its squares end at 65504: a row of length 256
        return unit_rows(x.float()).half()
    squares = (x * x).sum(1, keepdim=True)
    unit: Tensor = x / squares.clamp(min=_NORM_EPS).sqrt()
    return unit


def decayed_parameters(network: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The parameters that weight decay applies to, and the others; each exactly once.

    Decayed are the weights of convolutions and linear layers. Biases, normalisation, PReLU's
    slopes and whatever a module of another kind holds directly (a margin head's matrix, say) are
    not.
    """
    weights = {
        id(module.weight)
        for module in network.modules()
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear)
    }
    decayed = [item for item in network.parameters() if id(item) in weights]
    return decayed, [item for item in network.parameters() if id(item) not in weights]


def count_multiply_adds(network: FaceNetwork) -> int:
    """Multiply-adds of one picture in convolutions and linear layers, as the papers count.

    On the meta device nothing is computed. The network is left as it was.
    """
    counted: list[int] = []

    def note(module: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(module, nn.Conv2d):
            per_number = math.prod(module.kernel_size) * module.in_channels // module.groups
            counted.append(output.numel() * per_number)
        elif isinstance(module, nn.Linear):
            counted.append(output.numel() * module.in_features)

    handles = [module.register_forward_hook(note) for module in network.modules()]
    in_training = [module for module in network.modules() if module.training]
    device = next(network.parameters()).device
    side = network.input_px
    network.eval()  # batch normalisation cannot be trained on one picture
    try:
        with torch.inference_mode():
            network(torch.zeros(1, 3, side, side, device=device))
    finally:
        for handle in handles:
            handle.remove()
        for module in in_training:
            module.training = True
    return sum(counted)


def set_batch_norm_decay(network: nn.Module, *, decay: float) -> None:
    """Set how much of a running mean and variance stays at each batch.

    facenet's 0.995 needs about a thousand batches until evaluation sees what was trained; a short
    run wants less, 0.9 say.
    """
    if not 0.0 <= decay < 1.0:
        raise ValueError(f"a decay between 0 and 1 is expected, 1 excluded, got {decay}")
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.momentum = 1.0 - decay
