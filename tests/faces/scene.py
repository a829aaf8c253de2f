"""Whole pictures of made people: background, one or several heads, camera blur and noise."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.faces.fields import Field
from tests.faces.head import Head, Pose, draw_head
from tests.faces.identity import make_identity
from tests.faces.light import Light, to_linear, to_srgb

__all__ = ["empty_room", "render_face", "render_scene"]

# A head from its crown to its chin is about 2.7 face units high.
_HEAD_UNITS = 2.7


def render_face(
    identity: int,
    *,
    pose: Pose = Pose(),  # noqa: B008 - frozen
    light: Light = Light(),  # noqa: B008 - frozen
    size_px: tuple[int, int] = (640, 480),
    seed: int = 0,
    face_fraction: float = 0.55,
    centre: tuple[float, float] = (0.5, 0.5),
    noise: float = 2.0,
    blur_px: float = 0.6,
) -> NDArray[np.uint8]:
    """One person's picture, ``(H, W, 3) uint8`` RGB; ``size_px`` is width, height.

    ``face_fraction`` is the head's height over the picture's, ``centre`` its place in fractions
    of the picture, ``noise`` in grey levels. ``seed`` varies background and noise, never the person.
    """
    width, height = size_px
    rng = np.random.default_rng([seed, 53_003])
    canvas = _room(width, height, rng)
    unit = face_fraction * height / _HEAD_UNITS
    head = draw_head(make_identity(identity), pose=pose, light=light, pixels_per_unit=max(unit, 40))
    canvas = _place(
        canvas, head, centre=(centre[0] * width, centre[1] * height), unit=unit, roll=pose.roll
    )
    return _expose(canvas, rng, noise=noise, blur_px=blur_px)


def render_scene(
    people: Sequence[tuple[int, float, float, float]],
    *,
    size_px: tuple[int, int] = (640, 480),
    light: Light = Light(),  # noqa: B008 - frozen
    seed: int = 0,
    noise: float = 2.0,
) -> NDArray[np.uint8]:
    """Several people in one picture: ``(identity, x, y, size)`` per head.

    ``x, y`` is the upper left corner of the square that holds the head, ``size`` its side, in px.
    """
    width, height = size_px
    rng = np.random.default_rng([seed, 53_003])
    canvas = _room(width, height, rng)
    for identity, x, y, size in people:
        unit = size / _HEAD_UNITS
        head = draw_head(
            make_identity(identity), pose=Pose(), light=light, pixels_per_unit=max(unit, 40)
        )
        canvas = _place(canvas, head, centre=(x + size / 2, y + size / 2), unit=unit, roll=0.0)
    return _expose(canvas, rng, noise=noise, blur_px=0.6)


def empty_room(
    *, size_px: tuple[int, int] = (640, 480), seed: int = 0, noise: float = 2.0
) -> NDArray[np.uint8]:
    """The same kind of picture with nobody in it."""
    rng = np.random.default_rng([seed, 53_003])
    return _expose(_room(*size_px, rng), rng, noise=noise, blur_px=0.6)


def _room(width: int, height: int, rng: np.random.Generator) -> Field:
    """A wall out of focus: a tone, a gradient, large soft patches; linear light."""
    tone = np.array([0.62, 0.62, 0.6]) * rng.uniform(0.6, 1.2) + rng.uniform(-0.05, 0.05, 3)
    patches = cv2.resize(
        rng.normal(0, 0.06, (5, 6)).astype(np.float32),
        (width, height),
        interpolation=cv2.INTER_CUBIC,
    )[..., None]
    slope = np.linspace(-0.12, 0.12, width)[None, :, None] * rng.choice([-1, 1])
    fall = np.linspace(0.08, -0.08, height)[:, None, None]
    return to_linear((tone + patches + slope + fall).astype(np.float32))


def _place(
    canvas: Field, head: Head, *, centre: tuple[float, float], unit: float, roll: float
) -> Field:
    """Scale, turn in the plane and lay the head over the canvas; the body's edge runs off below."""
    height, width = canvas.shape[:2]
    scale = unit * head.grid.step
    angle = np.deg2rad(roll)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    rows, columns = head.mask.shape
    # The middle of the head, 0.15 units below the eyes' line, goes to the wanted centre.
    pivot_x, pivot_y = columns / 2, (rows / 2 + 0.15 / head.grid.step)
    matrix = np.array(
        [
            [cos, -sin, centre[0] - cos * pivot_x + sin * pivot_y],
            [sin, cos, centre[1] - sin * pivot_x - cos * pivot_y],
        ]
    )
    light, mask = head.light, head.mask
    if scale < 0.7:  # bilinear sampling alone would alias
        light = cv2.GaussianBlur(light, (0, 0), 0.4 / scale)
        mask = cv2.GaussianBlur(mask, (0, 0), 0.4 / scale)
    # Below the drawing its last row, the shoulders, goes on.
    placed = cv2.warpAffine(light, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    over = cv2.warpAffine(mask, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return canvas + over[..., None] * (placed - canvas)


def _expose(
    canvas: Field, rng: np.random.Generator, *, noise: float, blur_px: float
) -> NDArray[np.uint8]:
    if blur_px > 0:
        canvas = cv2.GaussianBlur(canvas, (0, 0), blur_px)
    picture = 255 * to_srgb(canvas)
    grain = rng.normal(0, noise, picture.shape)
    return np.clip(picture + grain, 0, 255).round().astype(np.uint8)
