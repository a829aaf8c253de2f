"""The colours of a made face without any light: skin, eyes, brows, mouth, beard, glasses."""

from __future__ import annotations

import numpy as np

from tests.faces.fields import Field, Grid, bump, coarse_noise, mix, soft_step
from tests.faces.identity import FaceIdentity

__all__ = ["paint_face", "paint_glasses"]


def paint_face(grid: Grid, face: FaceIdentity) -> Field:
    """``(H, W, 3) float32`` reflectance in [0, 1], sRGB-coded; features drawn, no hair yet."""
    rng = np.random.default_rng([face.number, 31_013])
    colour = _skin(grid, face, rng)
    if face.beard != "none":
        colour = _beard(grid, face, rng, colour)
    colour = _mouth(grid, face, colour)
    colour = _nostrils(grid, face, colour)
    for side in (-1, 1):
        colour = _eye(grid, face, colour, side=side)
        colour = _brow(grid, face, rng, colour, side=side)
    return np.clip(colour, 0, 1)


def paint_glasses(grid: Grid, face: FaceIdentity, colour: Field) -> Field:
    """Frames about the eyes, with a bridge and temples; the light does not shade them."""
    if face.glasses == "none":
        return colour
    frame = np.zeros_like(grid.x)
    power = 2 if face.glasses == "round" else 6
    radius_x, radius_y = 0.32, 0.26 if face.glasses == "round" else 0.21
    for side in (-1, 1):
        dx = np.abs(grid.x - side * face.eye_x * 1.02) / radius_x
        dy = np.abs(grid.y - 0.03) / radius_y
        rim = (dx**power + dy**power) ** (1 / power)
        frame = np.maximum(frame, soft_step(0.075 - np.abs(rim - 1), softness=0.06))
        temple = (side * grid.x > face.eye_x + radius_x) & (np.abs(grid.x) < face.cheek_width)
        frame = np.maximum(frame, temple * soft_step(0.02 - np.abs(grid.y + 0.02), softness=0.02))
    bridge = (np.abs(grid.x) < face.eye_x - radius_x + 0.02) & (grid.y < 0.1)
    frame = np.maximum(frame, bridge * soft_step(0.018 - np.abs(grid.y + 0.03), softness=0.02))
    return mix(colour, (0.06, 0.05, 0.06), 0.93 * frame)


def _skin(grid: Grid, face: FaceIdentity, rng: np.random.Generator) -> Field:
    colour = np.ones((*grid.x.shape, 3), np.float32) * np.array(face.skin, np.float32)
    mottle = 0.018 * coarse_noise(grid, rng, cells=(14, 13))
    mottle += 0.012 * coarse_noise(grid, rng, cells=(60, 54))
    colour *= 1 + mottle[..., None]
    flush = np.array([1.05, 0.86, 0.86], np.float32) * np.array(face.skin, np.float32)
    for side in (-1, 1):
        colour = mix(colour, flush, 0.5 * bump(grid, side * 0.55, 0.45, 0.22, 0.18))
        tired = np.array(face.skin, np.float32) * np.array([0.8, 0.72, 0.74], np.float32)
        under = bump(grid, side * face.eye_x, 0.14, 0.16, 0.05)
        colour = mix(colour, tired, (0.25 + 0.4 * face.age) * under)
        fold = _stroke(
            grid,
            (side * (face.nose_half_width + 0.03), face.nose_tip_y),
            (side * (face.mouth_half_width + 0.06), face.mouth_y + 0.02),
            width=0.022,
        )
        colour = mix(colour, tired, (0.12 + 0.55 * face.age) * fold)
    colour = mix(colour, flush, 0.35 * bump(grid, 0, face.nose_tip_y, 0.12, 0.1))
    if face.age > 0.55:
        for y in (-0.6, -0.5, -0.42):
            wave = y + 0.02 * np.cos(3 * grid.x)
            line = np.exp(-0.5 * ((grid.y - wave) / 0.012) ** 2) * (np.abs(grid.x) < 0.5)
            colour *= 1 - 0.22 * (face.age - 0.4) * line[..., None]
    dark = np.array(face.skin, np.float32) * np.array([0.74, 0.6, 0.52], np.float32)
    for _ in range(int(90 * face.freckles)):
        x, y = rng.normal(0, 0.42), rng.normal(0.32, 0.17)
        colour = _dot(grid, colour, dark, x=x, y=y, radius=rng.uniform(0.012, 0.022))
    for _ in range(int(rng.integers(0, 3))):
        x, y = rng.uniform(-0.7, 0.7), rng.uniform(-0.4, 1.1)
        colour = _dot(grid, colour, dark * 0.5, x=x, y=y, radius=0.024)
    return colour


def _dot(grid: Grid, colour: Field, ink: Field, *, x: float, y: float, radius: float) -> Field:
    """A soft round spot, computed only where it is."""
    reach = 4 * radius
    rows = (np.abs(grid.y[:, 0] - y) < reach).nonzero()[0]
    columns = (np.abs(grid.x[0] - x) < reach).nonzero()[0]
    if rows.size and columns.size:
        window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        part = Grid(grid.x[window], grid.y[window], grid.step)
        colour[window] = mix(colour[window], ink, 0.7 * bump(part, x, y, radius, radius))
    return colour


def _eye(grid: Grid, face: FaceIdentity, colour: Field, *, side: int) -> Field:
    """Eyeball, iris, pupil and light in an almond of lids, with lashes and a crease above."""
    outward = side * (grid.x - side * face.eye_x) / face.eye_half_width
    tilt = face.eye_tilt * face.eye_half_width * outward
    y = grid.y + tilt
    arch = np.clip(1 - outward**2, 0, None)
    upper = -face.eye_openness * arch**0.62 * (1 - 0.12 * outward)
    lower = 0.72 * face.eye_openness * arch**0.8
    soft = 2 * grid.step + 0.006
    within = np.abs(outward) < 1.25
    opening = soft_step(np.minimum(y - upper, lower - y), softness=soft) * (np.abs(outward) < 1)

    skin = np.array(face.skin, np.float32)
    crease = np.exp(-0.5 * ((y - upper + 0.05) / 0.016) ** 2) * (np.abs(outward) < 1.05)
    colour = mix(colour, skin * 0.55, 0.55 * crease)
    socket = bump(grid, side * face.eye_x, -0.06, face.eye_half_width * 0.95, 0.1)
    colour = mix(colour, skin * 0.62, 0.34 * face.eye_depth * socket)

    white = np.ones((*grid.x.shape, 3), np.float32) * np.array([0.86, 0.83, 0.81], np.float32)
    white *= (1 - 0.35 * np.clip(np.abs(outward), 0, 1) ** 3)[..., None]
    white *= (1 - 0.45 * soft_step(0.035 - (y - upper), softness=0.05))[..., None]  # lid's shadow
    radius = np.hypot(grid.x - side * face.eye_x, grid.y + 0.008)
    iris_size = 0.088
    rim = soft_step(iris_size - radius, softness=0.015)
    iris = np.array(face.iris, np.float32)
    white = mix(white, iris * 0.55, rim)
    white = mix(white, iris, soft_step(iris_size * 0.8 - radius, softness=0.03) * 0.85)
    white = mix(white, (0.02, 0.02, 0.02), soft_step(iris_size * 0.45 - radius, softness=0.012))
    glint = bump(grid, side * face.eye_x - 0.026, -0.034, 0.013, 0.013)
    white = mix(white, (1.0, 1.0, 1.0), 0.95 * glint)
    colour = mix(colour, white, opening)

    lash = np.exp(-0.5 * ((y - upper + 0.006) / (0.017 + soft / 2)) ** 2) * within
    lash *= soft_step(1.08 - np.abs(outward), softness=0.15)
    colour = mix(colour, (0.05, 0.04, 0.04), 0.9 * lash)
    line = np.exp(-0.5 * ((y - lower) / 0.013) ** 2) * (np.abs(outward) < 1)
    return mix(colour, skin * 0.42, 0.5 * line)


def _brow(
    grid: Grid, face: FaceIdentity, rng: np.random.Generator, colour: Field, *, side: int
) -> Field:
    along = side * (grid.x - side * (face.eye_x + 0.03)) / 0.29
    centre = face.brow_y - face.brow_arch * (1 - (along - 0.25) ** 2) + 0.05 * along
    thickness = face.brow_thickness * np.clip(1.05 - 0.5 * (along + 0.2), 0.35, 1.1)
    mask = np.exp(-(((grid.y - centre) / thickness) ** 4))
    mask *= soft_step(1.0 - np.abs(along), softness=0.22)
    hairs = 1 + 0.22 * coarse_noise(grid, rng, cells=(40, 150))
    ink = np.array(face.hair, np.float32) * 0.55 + 0.015
    return mix(colour, ink, np.clip(face.brow_strength * mask * hairs, 0, 1))


def _nostrils(grid: Grid, face: FaceIdentity, colour: Field) -> Field:
    skin = np.array(face.skin, np.float32)
    y = face.nose_tip_y + 0.075
    colour = mix(colour, skin * 0.5, 0.5 * bump(grid, 0, y + 0.02, face.nose_half_width, 0.028))
    for side in (-1, 1):
        hole = bump(grid, side * face.nose_half_width * 0.5, y - 0.005, 0.042, 0.022)
        colour = mix(colour, skin * 0.16, np.clip(1.2 * hole, 0, 0.95))
        wing = bump(grid, side * (face.nose_half_width + 0.02), y - 0.05, 0.016, 0.06)
        colour = mix(colour, skin * 0.5, 0.45 * wing)
    return colour


def _mouth(grid: Grid, face: FaceIdentity, colour: Field) -> Field:
    along = grid.x / face.mouth_half_width
    shape = np.clip(1 - along**2, 0, None)
    line = face.mouth_y - face.smile * along**2 * 1.6 + 0.012 * np.cos(6 * along)
    bow = 1 - 0.28 * np.exp(-0.5 * (along / 0.13) ** 2)
    upper = line - face.upper_lip * shape**0.7 * bow
    lower = line + face.lower_lip * shape**0.6
    soft = 0.014 + grid.step
    lips = soft_step(np.minimum(grid.y - upper, lower - grid.y), softness=soft) * (shape > 0)
    colour = mix(colour, np.array(face.lips, np.float32), 0.85 * lips)
    above = soft_step(line - grid.y, softness=0.03) * lips
    colour = mix(colour, np.array(face.lips, np.float32) * 0.72, 0.6 * above)
    gap = np.exp(-0.5 * ((grid.y - line) / 0.014) ** 2)
    gap *= soft_step(1.03 - np.abs(along), softness=0.12)
    colour = mix(colour, np.array(face.lips, np.float32) * 0.25, 0.9 * gap)
    shade = bump(grid, 0, face.mouth_y + face.lower_lip + 0.06, 0.2, 0.03)
    return mix(colour, np.array(face.skin, np.float32) * 0.6, 0.4 * shade)


def _beard(grid: Grid, face: FaceIdentity, rng: np.random.Generator, colour: Field) -> Field:
    wide, mouth = face.mouth_half_width, face.mouth_y
    around = (np.abs(grid.x) / (wide + 0.14)) ** 2 + ((grid.y - mouth - 0.08) / 0.42) ** 2
    moustache = bump(grid, 0, mouth - 0.14, wide * 0.75, 0.06) * 1.4
    jaw_line = 0.42 + 0.5 * (1 - np.abs(grid.x)) ** 2
    full = soft_step(grid.y - jaw_line, softness=0.3)
    full *= 1 - 0.9 * bump(grid, 0, mouth - 0.42, 0.42, 0.2)
    masks = {
        "moustache": moustache,
        "goatee": np.maximum(soft_step(1 - around, softness=0.4), moustache),
        "full": np.maximum(full, moustache),
        "stubble": 0.42 * np.maximum(full, moustache),
    }
    hairs = 0.86 + 0.2 * coarse_noise(grid, rng, cells=(120, 110))
    ink = np.array(face.hair, np.float32) * 0.6 + 0.02
    return mix(colour, ink, np.clip(masks[face.beard] * hairs, 0, 0.93))


def _stroke(
    grid: Grid, start: tuple[float, float], end: tuple[float, float], *, width: float
) -> Field:
    """A soft line between two points."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    t = ((grid.x - start[0]) * dx + (grid.y - start[1]) * dy) / (dx * dx + dy * dy)
    t = np.clip(t, 0, 1)
    distance = np.hypot(grid.x - start[0] - t * dx, grid.y - start[1] - t * dy)
    return np.exp(-0.5 * (distance / width) ** 2)
