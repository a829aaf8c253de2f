"""A network's size, and how long it takes on this machine. Imports torch.

Public surface: ``measure_network``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import torch

from recognition.networks import build_network
from recognition.networks.base import count_multiply_adds
from recognition.networks.spec import NetworkSize

__all__ = ["measure_network"]


def measure_network(
    name: str, *, embedding_size: int | None = None, runs: int = 0, threads: int | None = None
) -> NetworkSize:
    """Count on the meta device, which takes no memory; time ``runs`` forwards after one to warm up.

    Raises as ``build_network`` does.
    """
    with torch.device("meta"):
        network = build_network(name, embedding_size=embedding_size)
    return NetworkSize(
        name=name,
        input_px=network.input_px,
        embedding_size=network.embedding_size,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        multiply_adds=count_multiply_adds(network),
        forward_ms=_forward_ms(name, embedding_size, runs=runs, threads=threads) if runs else None,
    )


def _forward_ms(name: str, embedding_size: int | None, *, runs: int, threads: int | None) -> float:
    network = build_network(name, embedding_size=embedding_size, seed=0).eval()
    picture = torch.rand(1, 3, network.input_px, network.input_px)
    times_ms = []
    with _threads(threads), torch.inference_mode():
        network(picture)
        for _ in range(runs):
            started = time.perf_counter()
            network(picture)
            times_ms.append((time.perf_counter() - started) * 1000.0)
    return median(times_ms)


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
