"""One of our own networks on a torch device: Inception-ResNet-v1, or any of the registry.

Public surface: ``TorchInception``. Imports torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from recognition.embedding.inception_resnet import PerImageStandardisation
from recognition.embedding_spec import SCALINGS, EmbeddingSpec
from recognition.runtime.torch_graph import TorchRunner

__all__ = ["TorchInception"]


class TorchInception(TorchRunner):
    """``runtime.base.Network`` by torch, of a network that answers unit rows.

    Pixels are standardised in float32 in every precision.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        spec: EmbeddingSpec,
        device: Literal["cpu", "cuda"],
        precision: Literal["f32", "bf16", "f16"],
    ) -> None:
        for weight in network.parameters():
            if weight.ndim == 4:
                weight.data = weight.data.contiguous(memory_format=torch.channels_last)
        super().__init__(
            _Named(network),
            channel_order=spec.channel_order,
            prepare=_preparation(spec),
            device=device,
            precision=precision,
        )


class _Named(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._network = network

    def forward(self, batch: Tensor) -> dict[str, Tensor]:
        return {"embedding": self._network(batch)}


def _preparation(spec: EmbeddingSpec) -> Callable[[Tensor], Tensor]:
    numbers = SCALINGS[spec.scaling]
    if numbers is None:
        return PerImageStandardisation(size_px=spec.crop.size_px)
    mean, scale = numbers
    return lambda pixels: (pixels - mean) / scale
