"""Turning aligned faces into unit vectors: embedders behind one Protocol, loaded when asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from recognition.contracts import Embedder
from recognition.device import DeviceChoice

__all__ = ["LoadedEmbedder", "build_embedder"]


class LoadedEmbedder(Embedder, Protocol):
    """An embedder that can say what it really runs on; both are empty before its first run."""

    @property
    def precision(self) -> str: ...

    @property
    def device(self) -> str: ...


def build_embedder(
    model: str,
    *,
    choice: DeviceChoice,
    models_dir: Path | None = None,
    flip_fusion: bool,
    threads: int = 0,
    cache_dir: Path | None = None,
) -> LoadedEmbedder:
    """Load SFace with its verified weights onto the chosen device.

    Raises ``WeightsError`` for wrong or missing files.
    """
    from recognition.embedding.sface import SFaceEmbedder
    from recognition.runtime import NetworkSpec, float_graph, open_network

    spec = NetworkSpec(float_graph("sface-2021dec", cache_dir=cache_dir), channel_order="rgb")
    network = open_network(spec, choice, threads=threads, cache_dir=cache_dir)
    return SFaceEmbedder(network, flip_fusion=flip_fusion)
