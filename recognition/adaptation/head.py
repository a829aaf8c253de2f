"""A linear head on unit vectors, and its file. Public surface: ``LinearHead``, ``save_head``,
``load_head``.

``apply`` is the definition; ``pack`` writes the same arithmetic behind a network.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Vectors
from recognition.errors import ModelRejected
from recognition.whole_files import write_atomically

__all__ = ["LinearHead", "load_head", "save_head"]

_KEY = "gatehouse"
_FORMAT = "gatehouse-head-1"


@dataclass(frozen=True, slots=True, eq=False)
class LinearHead:
    """``(x - mean) @ weights``, brought back to unit length; ``weights`` ``(D, D) float32``,
    ``mean`` ``(D,) float32``. ``strength`` 0 is the identity about the mean."""

    weights: NDArray[np.float32]
    mean: NDArray[np.float32]
    base_space: str
    strength: float
    people: int
    pictures: int

    def __post_init__(self) -> None:
        side = len(self.mean)
        if self.weights.shape != (side, side):
            raise ValueError(f"weights are {self.weights.shape}; expected ({side}, {side})")
        if not (np.isfinite(self.weights).all() and np.isfinite(self.mean).all()):
            raise ValueError("the head holds a number that is not finite; nothing was made of it")

    @property
    def dimension(self) -> int:
        return len(self.mean)

    @property
    def digest(self) -> str:
        """Of the numbers alone, 64 hexadecimal digits."""
        parts = hashlib.sha256(np.ascontiguousarray(self.weights, "<f4").tobytes())
        parts.update(np.ascontiguousarray(self.mean, "<f4").tobytes())
        return parts.hexdigest()

    def apply(self, vectors: Vectors) -> Vectors:
        """``(N, D) float32`` unit rows of the base space in, unit rows of the head's space out."""
        moved = (vectors.astype(np.float64) - self.mean) @ self.weights.astype(np.float64)
        return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), np.float32)


def save_head(head: LinearHead, path: Path) -> None:
    """Write the file at once or not at all; its owner alone may read it."""
    from safetensors.numpy import save

    described = {
        "format": _FORMAT,
        "base_space": head.base_space,
        "dimension": head.dimension,
        "strength": head.strength,
        "people": head.people,
        "pictures": head.pictures,
        "sha256": head.digest,
    }
    tensors = {"weights": head.weights, "mean": head.mean}
    write_atomically(path, save(tensors, metadata={_KEY: json.dumps(described)}))


def load_head(path: Path) -> LinearHead:
    """Read it back. Raises ``ModelRejected`` (``model.head``) for any other or a changed file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            described: dict[str, Any] = json.loads((file.metadata() or {}).get(_KEY, "{}"))
            if described.get("format") != _FORMAT:
                raise ValueError(f"its format is {described.get('format')!r}, not {_FORMAT!r}")
            head = LinearHead(
                file.get_tensor("weights"),
                file.get_tensor("mean"),
                str(described["base_space"]),
                float(described["strength"]),
                int(described["people"]),
                int(described["pictures"]),
            )
        if head.digest != described["sha256"]:
            raise ValueError("its numbers are not those that were written")
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelRejected(
            f"{path} holds no head that was made by `adapt`: {error}. Make it again.",
            code="model.head",
        ) from error
    return head
