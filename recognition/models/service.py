"""Is a model fit for service: does it still answer as it did, and how fast?

Public surface: ``verify_model``, ``time_model``, ``CallTimes``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recognition.device import DeviceChoice
from recognition.embedding.network_embedder import NetworkEmbedder
from recognition.errors import ModelRejected
from recognition.models.embedder import build_embedder
from recognition.models.golden import golden_face, shipped_golden
from recognition.models.loading import open_model
from recognition.weights import WeightsEntry, verified

__all__ = ["REFERENCE", "CallTimes", "time_model", "verify_model"]

# Golden vectors are stored in the arithmetic that every machine can do.
REFERENCE = DeviceChoice("cpu", "the processor", "f32", "openvino")

_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class CallTimes:
    """Wall times of ``embed`` in milliseconds, for calls of ``faces`` faces.

    ``load_ms`` is from nothing to an embedder; ``first_ms`` the call after it, which compiles
    and warms up; the percentiles are over the ``calls`` after that.
    """

    faces: int
    calls: int
    load_ms: float
    first_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    faces_per_s: float
    device: str
    precision: str


def verify_model(item: WeightsEntry, *, cache_dir: Path | None = None) -> float:
    """Compare every byte, then the answer to the golden face in f32 on the processor.

    Returns the largest difference to the stored vector. Raises ``WeightsError`` for wrong bytes,
    ``ModelRejected`` (``model.golden``) for another answer than was stored.
    """
    verified(item)
    network = open_model(item, choice=REFERENCE, cache_dir=cache_dir)
    embedder = NetworkEmbedder(network, item=item, flip_fusion=False)
    (vector,) = embedder.embed(golden_face().crop(item.spec.crop))
    stored = np.array((item.golden or shipped_golden()).plain, dtype=np.float32)
    off = float(np.abs(vector - stored).max())
    if off > _TOLERANCE:
        raise ModelRejected(
            f"{item.id} no longer answers as when it was added: the golden face's vector is off "
            f"by {off:.1e} (limit {_TOLERANCE:.0e}). Its people must be enrolled again if it is "
            f"to be used; else remove it and add the right file.",
            code="model.golden",
        )
    return off


def time_model(
    model: str,
    *,
    choice: DeviceChoice,
    batches: Sequence[int] = (1, 16),
    calls: int = 100,
    threads: int = 0,
    models_dir: Path | None = None,
    cache_dir: Path | None = None,
) -> list[CallTimes]:
    """Load a model anew for each batch size and time its calls; with flip fusion, as in service.

    Raises what ``build_embedder`` raises, ``ValueError`` for fewer than one call or face.
    """
    if calls < 1 or min(batches, default=0) < 1:
        raise ValueError(f"at least one call of one face is needed, got {calls} of {batches}")
    return [
        _time_batch(
            model,
            faces=faces,
            calls=calls,
            choice=choice,
            threads=threads,
            models_dir=models_dir,
            cache_dir=cache_dir,
        )
        for faces in batches
    ]


def _time_batch(
    model: str,
    *,
    faces: int,
    calls: int,
    choice: DeviceChoice,
    threads: int,
    models_dir: Path | None,
    cache_dir: Path | None,
) -> CallTimes:
    started = time.perf_counter()
    embedder = build_embedder(
        model,
        choice=choice,
        models_dir=models_dir,
        flip_fusion=True,
        threads=threads,
        cache_dir=cache_dir,
    )
    load_ms = (time.perf_counter() - started) * 1000.0
    crops = np.repeat(golden_face().crop(embedder.crop), faces, axis=0)
    times_ms = []
    for _ in range(calls + 1):
        started = time.perf_counter()
        embedder.embed(crops)
        times_ms.append((time.perf_counter() - started) * 1000.0)
    first_ms, *later_ms = times_ms
    p50, p95, p99 = np.percentile(later_ms, [50, 95, 99]).tolist()
    return CallTimes(
        faces=faces,
        calls=calls,
        load_ms=load_ms,
        first_ms=first_ms,
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        faces_per_s=faces * calls * 1000.0 / sum(later_ms),
        device=embedder.device,
        precision=embedder.precision,
    )
