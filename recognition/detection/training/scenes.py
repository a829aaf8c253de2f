"""Pictures with the truth about their faces, from wherever they come.

Public surface: the names in ``__all__``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Picture
from recognition.errors import RecognitionError

__all__ = ["JoinedScenes", "Scene", "SceneSource", "TrainingDataRejected", "checked_scenes"]


class TrainingDataRejected(RecognitionError):
    """Pictures or labels from which no detector can be trained."""

    code = "detector_training.data"


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One picture and all its faces.

    ``boxes`` are ``(N, 4) float64`` rows x, y, width, height; ``landmarks`` ``(N, 5, 2)
    float64``, NaN where nobody marked them. ``ignored`` ``(M, 4)`` are faces that count neither
    for nor against a detector: too blurred or too small to ask for.
    """

    picture: Picture
    boxes: NDArray[np.float64]
    landmarks: NDArray[np.float64]
    ignored: NDArray[np.float64]

    @property
    def has_landmarks(self) -> NDArray[np.bool_]:
        """``(N,)``: which faces have all five points."""
        return np.asarray(~np.isnan(self.landmarks).any(axis=(1, 2)))


class SceneSource(Protocol):
    """Scenes by number. Reading one twice gives the same pixels."""

    def __len__(self) -> int: ...

    def read(self, index: int) -> Scene:
        """Raises ``ImageRejected`` where the picture cannot be read."""
        ...

    def name(self, index: int) -> str:
        """What to call the scene in a message."""
        ...


class JoinedScenes:
    """Several sources, one after the other."""

    def __init__(self, sources: Sequence[SceneSource]) -> None:
        self._sources = tuple(sources)
        self._ends = list(accumulate(len(source) for source in sources))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def read(self, index: int) -> Scene:
        source, own = self._place(index)
        return source.read(own)

    def name(self, index: int) -> str:
        source, own = self._place(index)
        return source.name(own)

    def _place(self, index: int) -> tuple[SceneSource, int]:
        at = bisect_right(self._ends, index)
        return self._sources[at], index - (self._ends[at - 1] if at else 0)


def checked_scenes(source: SceneSource) -> SceneSource:
    """The source itself; raises ``TrainingDataRejected`` where it is empty."""
    if len(source) == 0:
        raise TrainingDataRejected(
            "There is no picture to train on: the list of labels is empty. Name another list, or "
            "train on made scenes."
        )
    return source
