"""Smooth building blocks on a grid of face coordinates: bumps, soft masks and seeded textures."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Field", "Grid", "bump", "coarse_noise", "make_grid", "mix", "soft_step"]

Field = NDArray[np.float32]

_LEFT, _RIGHT, _TOP, _BOTTOM = -1.7, 1.7, -1.9, 1.9


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Face coordinates of every pixel of the drawing; ``step`` is one pixel in face units."""

    x: Field
    y: Field
    step: float

    def to_pixels(self, x: Field, y: Field) -> tuple[Field, Field]:
        """Where face coordinates lie in the drawing, for ``cv2.remap``."""
        return ((x - _LEFT) / self.step).astype(np.float32), ((y - _TOP) / self.step).astype(
            np.float32
        )


def make_grid(pixels_per_unit: float) -> Grid:
    columns = int((_RIGHT - _LEFT) * pixels_per_unit)
    rows = int((_BOTTOM - _TOP) * pixels_per_unit)
    step = 1 / pixels_per_unit
    x = (_LEFT + step * np.arange(columns)).astype(np.float32)
    y = (_TOP + step * np.arange(rows)).astype(np.float32)
    return Grid(*np.meshgrid(x, y), step)


def bump(grid: Grid, x: float, y: float, width: float, height: float) -> Field:
    """A Gaussian of peak 1 with these standard deviations."""
    return np.exp(-0.5 * (((grid.x - x) / width) ** 2 + ((grid.y - y) / height) ** 2))


def soft_step(values: Field, *, softness: float) -> Field:
    """1 where ``values`` is well above zero, 0 where well below, smooth over ``softness``."""
    t = np.clip(values / softness * 0.5 + 0.5, 0, 1)
    return t * t * (3 - 2 * t)


def mix(below: Field, above: tuple[float, float, float] | Field, mask: Field) -> Field:
    """Paint a colour, or a coloured field, over another where the mask is 1."""
    colour = np.asarray(above, np.float32)
    return below + mask[..., None] * (colour - below)


def coarse_noise(grid: Grid, rng: np.random.Generator, *, cells: tuple[int, int]) -> Field:
    """Smooth noise of about unit spread with this many cells down and across."""
    coarse = rng.normal(size=cells).astype(np.float32)
    rows, columns = grid.x.shape
    return cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
