"""What a runtime promises: run one verified network over pictures, on the device it names.

Public surface: ``Network`` (Protocol), ``NetworkSpec``, ``open_network``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from recognition.device import DeviceChoice

__all__ = ["Network", "NetworkSpec", "check_pictures", "open_network", "wanted_outputs"]


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """One network file with one picture input.

    ``channel_order`` is what the file expects; callers hand in RGB always. ``mean`` and ``scale``
    are applied to 0..255 values, ``(x - mean) / scale``, where the graph does not do so itself.
    ``outputs`` names those that are wanted, all where it is empty; what only the others need is
    not computed. ``int8_ranges`` names the tensors that may be cut into 256 levels on a processor, with the range
    of each; see ``runtime.int8``.
    """

    path: Path
    channel_order: Literal["rgb", "bgr"] = "rgb"
    mean: float = 0.0
    scale: float = 1.0
    outputs: tuple[str, ...] = ()
    int8_ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)


class Network(Protocol):
    """A loaded network. Not thread-safe: one per thread, or a lock around it."""

    @property
    def precision(self) -> str:
        """What the runtime reports after a run: f32, bf16, f16 or int8; empty before."""
        ...

    @property
    def device(self) -> str:
        """The device that the runtime reports after a run: cpu or cuda; empty before."""
        ...

    def run(self, pictures: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """``(N, H, W, 3) uint8`` RGB, N >= 1, in; per output name an array with N rows out.

        The arrays belong to the caller. Raises ``ValueError`` for another shape or dtype.
        """
        ...


def open_network(
    spec: NetworkSpec, choice: DeviceChoice, *, threads: int = 0, cache_dir: Path | None = None
) -> Network:
    """Load a network with the runtime that was chosen; the other one is never imported."""
    if choice.runtime == "torch":
        from recognition.runtime.torch_graph import TorchNetwork

        return TorchNetwork(spec, device=choice.device, precision=choice.precision)
    from recognition.runtime.openvino import OpenVinoNetwork

    return OpenVinoNetwork(
        spec, precision=choice.precision, int8=choice.int8, threads=threads, cache_dir=cache_dir
    )


def wanted_outputs(spec: NetworkSpec, available: Sequence[str]) -> tuple[str, ...]:
    """The file's own outputs, or those that the spec names; ``ValueError`` for one it lacks."""
    missing = [name for name in spec.outputs if name not in available]
    if missing:
        raise ValueError(
            f"{spec.path.name} has no output {', '.join(missing)}; it has {', '.join(available)}"
        )
    return spec.outputs or tuple(available)


def check_pictures(pictures: NDArray[np.uint8]) -> None:
    """Raise ``ValueError`` unless ``pictures`` is ``(N, H, W, 3) uint8`` with N >= 1."""
    if (
        pictures.ndim != 4
        or pictures.shape[3] != 3
        or pictures.dtype != np.uint8
        or not len(pictures)
    ):
        raise ValueError(
            f"a network takes (N, H, W, 3) uint8 RGB with N >= 1, got {pictures.shape} "
            f"{pictures.dtype}"
        )
