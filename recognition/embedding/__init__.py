"""Turning faces into unit vectors: embedders behind one Protocol, loaded when asked for."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Embedder
from recognition.embedding_spec import CropSpec

__all__ = ["LoadedEmbedder"]


class LoadedEmbedder(Embedder, Protocol):
    """An embedder that can say how it wants faces cut, and what it really runs on.

    ``precision`` and ``device`` are empty before its first run.
    """

    @property
    def crop(self) -> CropSpec: ...

    @property
    def mean(self) -> NDArray[np.float32] | None:
        """About the mean of all its vectors, ``(D,)``, where centring is known to help."""
        ...

    @property
    def precision(self) -> str: ...

    @property
    def device(self) -> str: ...
