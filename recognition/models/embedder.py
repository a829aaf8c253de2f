"""From a model's id to an embedder that is ready. Public surface: ``build_embedder``."""

from __future__ import annotations

from pathlib import Path

from recognition.device import DeviceChoice
from recognition.embedding import LoadedEmbedder
from recognition.embedding.network_embedder import NetworkEmbedder
from recognition.models.loading import model_mean, open_model
from recognition.models.registry import find_model

__all__ = ["build_embedder"]


def build_embedder(
    model: str,
    *,
    choice: DeviceChoice,
    models_dir: Path | None = None,
    flip_fusion: bool,
    threads: int = 0,
    cache_dir: Path | None = None,
) -> LoadedEmbedder:
    """Load a shipped or an added model with its verified weights onto the chosen device.

    Raises ``WeightsError`` for an unknown model and for wrong or missing files, ``ModelRejected``
    for a network that the device's runtime cannot run.
    """
    item = find_model(model, models_dir=models_dir)
    network = open_model(item, choice=choice, threads=threads, cache_dir=cache_dir)
    mean = model_mean(item, cache_dir=cache_dir)
    return NetworkEmbedder(network, item=item, flip_fusion=flip_fusion, mean=mean)
