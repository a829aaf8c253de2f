"""Inception-ResNet-v1 on a torch device. Public surface: ``TorchInception``. Imports torch."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recognition.embedding.inception_resnet import InceptionResnetV1, PerImageStandardisation
from recognition.embedding_spec import SCALINGS, EmbeddingSpec
from recognition.runtime.base import check_pictures

__all__ = ["TorchInception"]

# In one pass; its largest tensor, 64 numbers at each of 77x77 places, is then 0.2 GB in f16.
_MAX_FACES = 256

_DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


class TorchInception:
    """``runtime.base.Network`` by torch. Pixels are standardised in float32 in every precision."""

    def __init__(
        self,
        network: InceptionResnetV1,
        *,
        spec: EmbeddingSpec,
        device: Literal["cpu", "cuda"],
        precision: Literal["f32", "bf16", "f16"],
    ) -> None:
        self._device = torch.device(device)
        self._dtype = _DTYPES[precision]
        self._spec = spec
        self._standardise = PerImageStandardisation(size_px=spec.crop.size_px)
        self._network = network.to(device=self._device, dtype=self._dtype)
        for weight in network.parameters():
            if weight.ndim == 4:
                weight.data = weight.data.contiguous(memory_format=torch.channels_last)
        self._used: Tensor | None = None

    @property
    def precision(self) -> str:
        """Of the last output, not of the wish."""
        names = {dtype: name for name, dtype in _DTYPES.items()}
        return names[self._used.dtype] if self._used is not None else ""

    @property
    def device(self) -> str:
        return self._used.device.type if self._used is not None else ""

    def run(self, pictures: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """See ``Network.run``."""
        check_pictures(pictures)
        # f32 is what the other precisions are held against: no TF32 in it
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            parts = [
                self._run_part(pictures[start : start + _MAX_FACES])
                for start in range(0, len(pictures), _MAX_FACES)
            ]
        return {"embedding": np.concatenate(parts)}

    def _run_part(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        pixels = torch.from_numpy(np.ascontiguousarray(pictures)).to(self._device)
        batch = pixels.permute(0, 3, 1, 2).to(torch.float32)
        if self._spec.channel_order == "bgr":
            batch = batch.flip(1)
        batch = self._prepared(batch)
        output = self._network(batch.to(dtype=self._dtype, memory_format=torch.channels_last))
        self._used = output[:0]
        vectors: NDArray[np.float32] = output.float().cpu().numpy()
        return vectors

    def _prepared(self, batch: Tensor) -> Tensor:
        numbers = SCALINGS[self._spec.scaling]
        if numbers is None:
            standardised: Tensor = self._standardise(batch)
            return standardised
        mean, scale = numbers
        return (batch - mean) / scale
