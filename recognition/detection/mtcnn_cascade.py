"""What MTCNN needs of a runtime: its three networks over pixels. Public surface: see ``__all__``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from recognition.detection.mtcnn_weights import MtcnnWeights

__all__ = ["Cascade", "Proposals", "open_cascade"]

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Proposals:
    """The windows of one level's pictures that look like a face.

    ``owners`` are ``(K,)`` positions in the batch, rising; ``rows`` and ``columns`` places in
    P-Net's output map; ``scores`` ``(K,)`` and ``offsets`` ``(K, 4)`` its answers there.
    """

    owners: NDArray[np.intp]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    scores: Numbers
    offsets: Numbers


class Cascade(Protocol):
    """The networks on one device, fed with ``(N, H, W, 3) uint8`` RGB. Not thread-safe."""

    @property
    def pixels_per_call(self) -> int:
        """How many pixels of pictures of one size are best handed to P-Net together."""
        ...

    def propose(self, batches: Sequence[Pixels], *, threshold: float) -> list[Proposals]:
        """P-Net over each batch: the windows that score ``threshold`` or more."""
        ...

    def refine(self, crops: Pixels) -> tuple[Numbers, Numbers]:
        """R-Net over ``(N, 24, 24, 3)``: scores ``(N,)`` and offsets ``(N, 4)``; N may be 0."""
        ...

    def output(self, crops: Pixels) -> tuple[Numbers, Numbers, Numbers]:
        """O-Net over ``(N, 48, 48, 3)``: scores, offsets, landmarks ``(N, 10)``; N may be 0."""
        ...


def open_cascade(
    weights: MtcnnWeights,
    *,
    runtime: Literal["openvino", "torch"],
    device: Literal["cpu", "cuda"],
    threads: int,
) -> Cascade:
    """Load the networks with the runtime that was chosen; the other one is never imported.

    Raises ``WeightsError`` for weights that do not fit and ``DeviceUnavailable`` for a device
    that the runtime does not have.
    """
    if runtime == "torch":
        from recognition.detection.mtcnn_torch import TorchCascade

        return TorchCascade(weights, device=device, threads=threads)
    if device != "cpu":
        raise ValueError(f"OpenVINO runs MTCNN on the cpu only, got {device!r}: choose torch")
    from recognition.detection.mtcnn_openvino import OpenVinoCascade

    return OpenVinoCascade(weights, threads=threads)
