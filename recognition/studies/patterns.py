"""A made set that shows no faces: coats of animals, as cows are told apart by theirs.

Every individual has patches of its own; a picture shows them shifted, turned, nearer or farther, in
another light and with noise. It is a ``training.sources.Source``. Public surface: ``Coats``,
``write_coats``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Picture

__all__ = ["Coats", "write_coats"]

_ROOM = 1.6  # of the coat beyond the picture, so that shifts and turns show coat
_PATCHES = 7
_HAIR_SHARPNESS = 9.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Coats:
    """``individuals`` with ``pictures`` each, from number ``first`` on; the same for one ``seed``.

    Two sets of other numbers show other individuals. ``size_px`` is the side of the square.
    """

    individuals: int
    pictures: int
    size_px: int = 48
    first: int = 0
    seed: int = 666

    @property
    def names(self) -> Sequence[str]:
        return [f"animal_{self.first + label:03d}" for label in range(self.individuals)]

    def __len__(self) -> int:
        return self.individuals * self.pictures

    def label(self, index: int) -> int:
        return index // self.pictures

    def key(self, index: int) -> str:
        name = self.names[self.label(index)]
        return f"{name}/{name}_{index % self.pictures + 1:04d}.png"

    def read(self, index: int) -> Picture:
        """``(S, S, 3) uint8``."""
        number = self.first + self.label(index)
        rng = np.random.default_rng([self.seed, 2, number, index % self.pictures])
        seen = self._seen(self._coat(number), rng)
        light = rng.uniform(0.6, 1.3) * (1.0 + rng.uniform(-0.15, 0.15, 3))
        noisy = seen * light + rng.normal(0.0, 10.0, seen.shape)
        return np.clip(noisy, 0.0, 255.0).astype(np.uint8)

    def _coat(self, number: int) -> NDArray[np.float32]:
        """Patches of dark hair on light, ``(L, L, 3)``; hues differ little, as within a herd."""
        rng = np.random.default_rng([self.seed, 1, number])
        side = round(self.size_px * _ROOM)
        field = cv2.resize(
            rng.normal(0.0, 1.0, (_PATCHES, _PATCHES)).astype(np.float32),
            (side, side),
            interpolation=cv2.INTER_CUBIC,
        )
        dark = 1.0 / (1.0 + np.exp(-_HAIR_SHARPNESS * (field - rng.uniform(-0.2, 0.2))))
        light_hair = np.array([205.0, 195.0, 180.0]) + rng.normal(0.0, 6.0, 3)
        dark_hair = np.array([60.0, 48.0, 40.0]) + rng.normal(0.0, 6.0, 3)
        coat: NDArray[np.float32] = (
            light_hair + dark[:, :, None] * (dark_hair - light_hair)
        ).astype(np.float32)
        return coat

    def _seen(self, coat: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float64]:
        side, middle = self.size_px, (coat.shape[0] - 1) / 2
        matrix = cv2.getRotationMatrix2D(
            (middle, middle), rng.uniform(-15.0, 15.0), rng.uniform(0.85, 1.15)
        )
        matrix[:, 2] += rng.uniform(-0.15, 0.15, 2) * side + (side - 1) / 2 - middle
        return np.asarray(
            cv2.warpAffine(coat, matrix, (side, side), borderMode=cv2.BORDER_REFLECT), np.float64
        )


def write_coats(coats: Coats, root: Path) -> Path:
    """``root/<individual>/<individual>_0001.png`` and so on. Raises ``OSError``."""
    for index in range(len(coats)):
        path = root / coats.key(index)
        path.parent.mkdir(parents=True, exist_ok=True)
        encoded = cv2.imencode(".png", cv2.cvtColor(coats.read(index), cv2.COLOR_RGB2BGR))[1]
        path.write_bytes(encoded.tobytes())
    return root
