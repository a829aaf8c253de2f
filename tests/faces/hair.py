"""Hair of a made face: a cap in front that follows the head, and a mass behind it."""

from __future__ import annotations

import numpy as np

from tests.faces.fields import Field, Grid, coarse_noise, soft_step
from tests.faces.identity import FaceIdentity
from tests.faces.surface import outline_half_width

__all__ = ["hair_behind", "hair_colour", "hair_in_front"]


def hair_in_front(grid: Grid, face: FaceIdentity) -> Field:
    """Mask of the hair that lies on the head: above the hairline and down the temples."""
    rng = np.random.default_rng([face.number, 41_017])
    ragged = 0.03 * coarse_noise(grid, rng, cells=(3, 40))
    side = np.abs(grid.x) / face.cheek_width
    line = face.hairline_y + 0.1 * side**2 + ragged
    temples = soft_step(side - 0.86, softness=0.12)
    down_to = {"bald": -9.0, "short": 0.0, "parted": 0.1, "fringe": 0.9, "long": 1.3, "curly": 0.5}
    if face.hair_style == "bald":
        return np.zeros_like(grid.x)
    if face.hair_style == "fringe":
        line = -0.42 + 0.06 * side**2 + ragged
    elif face.hair_style == "parted":
        line = line + 0.3 * soft_step(grid.x + 0.3, softness=0.5) * (0.4 + side) - 0.12
    cap = soft_step(line - grid.y, softness=0.07)
    locks = temples * soft_step(down_to[face.hair_style] + ragged - grid.y, softness=0.15)
    return np.maximum(cap, locks)


def hair_behind(grid: Grid, face: FaceIdentity) -> Field:
    """Mask of the hair that stands out behind the head's outline."""
    rng = np.random.default_rng([face.number, 43_019])
    out = {"bald": 0.0, "short": 0.07, "parted": 0.11, "fringe": 0.14, "long": 0.2, "curly": 0.26}
    volume = out[face.hair_style]
    if not volume:
        return np.zeros_like(grid.x)
    rough = 0.07 if face.hair_style == "curly" else 0.012
    edge = rough * coarse_noise(grid, rng, cells=(26, 24))
    half = outline_half_width(grid, face)
    crown = np.hypot(grid.x / (face.cheek_width + volume), (grid.y + 0.2) / (1.1 + volume))
    skull = soft_step(1 - crown + edge, softness=0.04)
    low = {"short": 0.1, "parted": 0.2, "fringe": 1.0, "long": 1.75, "curly": 0.75}
    sides = soft_step(
        np.maximum(half, face.cheek_width * 0.93) + volume - np.abs(grid.x) + edge, softness=0.05
    )
    sides *= soft_step(low[face.hair_style] - grid.y + 3 * edge, softness=0.2) * (grid.y > -0.2)
    return np.maximum(skull * (grid.y < 0.1), sides)


def hair_colour(grid: Grid, face: FaceIdentity) -> Field:
    """``(H, W, 3)`` reflectance of the strands, with a band of sheen round the head."""
    rng = np.random.default_rng([face.number, 47_021])
    cells = (60, 50) if face.hair_style == "curly" else (14, 150)
    strands = 1 + 0.2 * coarse_noise(grid, rng, cells=cells)
    sheen = 0.12 * np.exp(-0.5 * ((grid.y + 0.95 - 0.25 * grid.x**2) / 0.13) ** 2)
    base = np.array(face.hair, np.float32)
    return np.clip(base * strands[..., None] + (sheen * strands)[..., None], 0.01, 1)
