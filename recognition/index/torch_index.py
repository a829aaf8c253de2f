"""Exact search by torch, on a GPU or the processor. Public surface: ``Storage``, ``TorchIndex``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Candidate, EmbeddingSpace, Vectors
from recognition.errors import DeviceUnavailable
from recognition.index._products import Screen, screen_rows
from recognition.index._store import VectorStore, checked_vectors
from recognition.index.quantise import quantisation_step, quantise

if TYPE_CHECKING:
    import torch

__all__ = ["Storage", "TorchIndex"]

Storage = Literal["f32", "f16", "int8"]

_ROWS_AT_A_TIME = 1 << 18  # sent to the device in one piece: 128 MB at 128 numbers a row


class TorchIndex:
    """``contracts.VectorIndex`` with its vectors in the device's memory, in a small type.

    The device finds what can be among the best; scores are then computed in float64 from the
    float32 vectors, which stay in the machine's memory. So the answers are those of
    ``FlatIndex`` for every ``storage``: a smaller one saves the device's memory and time, not
    exactness. Not thread-safe.
    """

    def __init__(
        self, space: EmbeddingSpace, *, device: Literal["cpu", "cuda"], storage: Storage = "f32"
    ) -> None:
        """Raises ``DeviceUnavailable`` where a GPU was asked for and torch sees none."""
        import torch

        if device == "cuda" and not torch.cuda.is_available():
            raise DeviceUnavailable(
                "An index on device cuda was asked for, and torch sees no CUDA device. Install "
                "requirements-gpu.txt and a driver that fits it, or use device cpu.",
                code="device.no_gpu",
            )
        stored = {"f32": torch.float32, "f16": torch.float16, "int8": torch.int8}[storage]
        self._store = VectorStore(space)
        self._storage: Storage = storage
        self._product_type = (
            torch.float16 if device == "cuda" and storage != "f32" else torch.float32
        )
        self._scale = quantisation_step(space.dimension) if storage == "int8" else 1.0
        self._error = 0.0
        self._rows = torch.empty((0, space.dimension), dtype=stored, device=device)

    @property
    def space(self) -> EmbeddingSpace:
        return self._store.space

    def __len__(self) -> int:
        return len(self._store)

    def __contains__(self, person_id: object) -> bool:
        return person_id in self._store

    def upsert(self, ids: Sequence[str], vectors: Vectors) -> None:
        """As ``FlatIndex.upsert``."""
        self._send(self._store.upsert(ids, vectors))

    def remove(self, ids: Sequence[str]) -> None:
        """Forget these ids; unknown ones are ignored."""
        self._send(self._store.remove(ids))

    def search(self, probes: Vectors, *, k: int) -> list[tuple[Candidate, ...]]:
        """As ``FlatIndex.search``, with the same answers."""
        if k < 1:
            raise ValueError(f"k is {k}; ask for at least 1 candidate.")
        checked = checked_vectors(probes, space=self.space)
        if not len(self):
            return [() for _ in checked]
        screen = Screen(self._rows[: len(self)], self._product_type, self._scale, self._error)
        nearest = screen_rows(screen, checked, k=k)
        return self._store.best(nearest, probes=checked, k=k)

    def _send(self, rows: NDArray[np.int64]) -> None:
        """Bring these rows of the store to the device, and remember the largest rounding error."""
        import torch

        if len(self) > len(self._rows):
            larger = self._rows.new_empty((self._store.capacity, self.space.dimension))
            larger[: len(self._rows)] = self._rows
            self._rows = larger
        for start in range(0, len(rows), _ROWS_AT_A_TIME):
            some = rows[start : start + _ROWS_AT_A_TIME]
            exact = self._store.matrix[some]
            stored = self._encoded(exact)
            self._rows[torch.from_numpy(some).to(self._rows.device)] = stored.to(self._rows.device)
            # never smaller again: a removed row's error costs a little time, not a wrong answer
            off = np.linalg.norm(stored.float().numpy() * np.float32(self._scale) - exact, axis=1)
            self._error = max(self._error, float(off.max()))

    def _encoded(self, vectors: Vectors) -> torch.Tensor:
        import torch

        if self._storage == "int8":
            return torch.from_numpy(quantise(vectors))
        return torch.from_numpy(vectors).to(self._rows.dtype)
