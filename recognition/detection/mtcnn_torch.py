"""MTCNN's networks run by torch: on a GPU, or on a processor where the reference is wanted.

Imports torch, so load it lazily. Public surface: ``TorchCascade``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recognition.detection.mtcnn_cascade import Numbers, Pixels, Proposals
from recognition.detection.mtcnn_networks import ONet, PNet, RNet, load_keras_arrays
from recognition.detection.mtcnn_weights import MtcnnWeights
from recognition.errors import DeviceUnavailable

__all__ = ["TorchCascade"]

# P-Net's widest activation takes 40 bytes a pixel, the later networks' some 130, so a call stays
# below about 0.6 GB whatever the batch.
_PIXELS_PER_CALL = 4_000_000


class TorchCascade:
    """``Cascade`` by torch.

    ``threads`` is the number of processor threads in a pass, 0 leaves it to torch. Threads that
    wait for each other spin: on a busy two-core machine two took 13 times as long as one.

    Raises ``DeviceUnavailable`` for a CUDA device that torch does not see.
    """

    pixels_per_call = _PIXELS_PER_CALL

    def __init__(self, weights: MtcnnWeights, *, device: str = "cpu", threads: int = 1) -> None:
        self._device = torch.device(device)
        if self._device.type == "cuda" and not torch.cuda.is_available():
            raise DeviceUnavailable(
                "MTCNN was asked to run on cuda, and torch sees no GPU: "
                "install a CUDA build of torch and check the driver, or set the device to cpu",
                code="device.no_cuda_torch",
            )
        self._threads = threads
        self._pnet = self._prepare(PNet(), weights.pnet)
        self._rnet = self._prepare(RNet(), weights.rnet)
        self._onet = self._prepare(ONet(), weights.onet)

    def propose(self, batches: Sequence[Pixels], *, threshold: float) -> list[Proposals]:
        """See ``Cascade.propose``; only what reaches the threshold leaves the device."""
        with torch.inference_mode(), _torch_threads(self._threads):
            return [self._propose(batch, threshold) for batch in batches]

    def refine(self, crops: Pixels) -> tuple[Numbers, Numbers]:
        """See ``Cascade.refine``."""
        scores, offsets = self._run(self._rnet, crops)
        return scores, offsets

    def output(self, crops: Pixels) -> tuple[Numbers, Numbers, Numbers]:
        """See ``Cascade.output``."""
        scores, offsets, landmarks = self._run(self._onet, crops)
        return scores, offsets, landmarks

    def _propose(self, pixels: Pixels, threshold: float) -> Proposals:
        probabilities, offsets = self._pnet(self._normalised(pixels))
        owners, rows, columns = torch.nonzero(probabilities >= threshold, as_tuple=True)
        return Proposals(
            owners=owners.cpu().numpy(),
            rows=rows.cpu().numpy(),
            columns=columns.cpu().numpy(),
            scores=probabilities[owners, rows, columns].cpu().numpy(),
            offsets=offsets[owners, :, rows, columns].cpu().numpy(),
        )

    def _run(self, network: nn.Module, crops: Pixels) -> list[Numbers]:
        step = max(1, _PIXELS_PER_CALL // (crops.shape[1] * crops.shape[2]))
        with torch.inference_mode(), _torch_threads(self._threads):
            parts: list[tuple[Tensor, ...]] = [
                network(self._normalised(crops[first : first + step]))
                for first in range(0, max(len(crops), 1), step)
            ]
            return [torch.cat(output).cpu().numpy() for output in zip(*parts, strict=True)]

    def _normalised(self, pixels: Pixels) -> Tensor:
        block = torch.from_numpy(pixels).to(self._device)
        return (block.permute(0, 3, 1, 2).float() - 127.5) / 128.0

    def _prepare(self, network: nn.Module, arrays: Sequence[NDArray[np.float32]]) -> nn.Module:
        load_keras_arrays(network, arrays)
        return network.to(self._device).eval().requires_grad_(requires_grad=False)


@contextmanager
def _torch_threads(count: int) -> Iterator[None]:
    """Set torch's thread count, which is the process's, and put it back; 0 changes nothing."""
    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if count:
            torch.set_num_threads(before)
