"""The relief of a made face: height above the picture plane, and the outline of the head."""

from __future__ import annotations

import numpy as np

from tests.faces.fields import Field, Grid, bump, soft_step
from tests.faces.identity import FaceIdentity

__all__ = ["head_mask", "outline_half_width", "relief"]


def outline_half_width(grid: Grid, face: FaceIdentity) -> Field:
    """Half width of the head at each row: skull, cheeks, jaw, chin. 0 above and below it."""
    y = grid.y
    top, chin = -1.28, face.chin_y
    skull = face.cheek_width * np.sqrt(np.clip(1 - ((y - 0.05) / (top - 0.05)) ** 2, 0, 1))
    down = np.clip((y - 0.05) / (chin - 0.05), 0, 1)
    # Between cheeks and chin the exponent decides how square the jaw is.
    square = 2.0 + 2.2 * (face.jaw_width - 0.55)
    jaw = face.cheek_width * (1 - down**square) ** (0.62 - 0.25 * (face.jaw_width - 0.6))
    return np.where(y < 0.05, skull, jaw).astype(np.float32)


def head_mask(grid: Grid, face: FaceIdentity) -> Field:
    """1 inside the head's outline."""
    half = outline_half_width(grid, face)
    inside = np.where(half > 0, half - np.abs(grid.x), -1.0)
    return soft_step(inside, softness=2.5 * grid.step)


def relief(grid: Grid, face: FaceIdentity) -> Field:
    """Height in face units; 0 at the outline, about 1 at the tip of the nose."""
    half = np.maximum(outline_half_width(grid, face), 1e-3)
    across = np.clip(np.abs(grid.x) / half, 0, 1)
    middle = (face.chin_y - 1.28) / 2
    along = np.clip((grid.y - middle) / ((face.chin_y + 1.28) / 2), -1, 1)
    z = 0.78 * np.sqrt(np.clip(1 - across**2.3, 0, 1)) * (1 - 0.35 * np.abs(along) ** 3)

    for side in (-1, 1):
        eye = side * face.eye_x
        z -= 0.085 * face.eye_depth * bump(grid, eye * 0.92, 0.0, 0.19, 0.13)
        z += 0.06 * bump(grid, eye, 0.0, 0.13, 0.085)  # the eyeball under its lids
        z += 0.05 * face.eye_depth * bump(grid, eye, face.brow_y - 0.02, 0.24, 0.08)
        z += 0.05 * face.cheekbones * bump(grid, side * 0.6, 0.42, 0.2, 0.16)
        z += 0.05 * face.age * bump(grid, side * 0.5, 0.8, 0.12, 0.2)
        z += (
            0.09
            * face.nose_height
            / 0.36
            * bump(grid, side * face.nose_half_width * 0.82, face.nose_tip_y + 0.02, 0.06, 0.06)
        )
    z += _nose(grid, face)
    mouth = face.mouth_y
    z += 0.05 * bump(grid, 0, mouth, face.mouth_half_width * 0.75, 0.16)
    z += 0.035 * bump(grid, 0, mouth - face.upper_lip * 0.6, face.mouth_half_width * 0.6, 0.035)
    z += 0.05 * bump(grid, 0, mouth + face.lower_lip * 0.6, face.mouth_half_width * 0.55, 0.045)
    z -= 0.045 * bump(grid, 0, mouth + face.lower_lip + 0.08, 0.2, 0.04)
    z += 0.07 * bump(grid, 0, face.chin_y - 0.22, 0.2, 0.12)
    return z.astype(np.float32)


def _nose(grid: Grid, face: FaceIdentity) -> Field:
    """A ridge that widens and rises from the brows to the tip and falls off sharply below."""
    start, tip = -0.12, face.nose_tip_y
    along = np.clip((grid.y - start) / (tip - start), 0, 1)
    width = 0.085 + (face.nose_half_width * 0.5 - 0.05) * along**2
    ridge = face.nose_height * (0.22 + 0.6 * along) * np.exp(-0.5 * (grid.x / width) ** 2)
    ridge *= soft_step(grid.y - start, softness=0.22)
    ridge *= soft_step(tip + 0.07 - grid.y, softness=0.07)
    ball = bump(grid, 0, tip - 0.01, face.nose_half_width * 0.55, 0.085)
    return ridge + face.nose_height * 0.32 * ball
