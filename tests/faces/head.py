"""One head with its neck, shoulders and hair, as linear light and a mask, turned to a pose."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from tests.faces.fields import Field, Grid, make_grid, mix, soft_step
from tests.faces.hair import hair_behind, hair_colour, hair_in_front
from tests.faces.identity import FaceIdentity
from tests.faces.light import Light, shade
from tests.faces.paint import paint_face, paint_glasses
from tests.faces.surface import head_mask, relief

__all__ = ["Head", "Pose", "draw_head"]


@dataclass(frozen=True, slots=True)
class Pose:
    """Degrees: ``yaw`` turns to the picture's right, ``pitch`` down, ``roll`` clockwise."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """``light`` is ``(H, W, 3)`` linear, ``mask`` ``(H, W)``; ``grid`` says where that is."""

    light: Field
    mask: Field
    grid: Grid


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """What does not depend on light and pose, shared by all pictures of a person."""

    grid: Grid
    height: Field
    skin: Field
    strands: Field
    front: Field
    behind: Field
    outline: Field


@lru_cache(maxsize=12)
def _parts(face: FaceIdentity, pixels_per_unit: float) -> _Parts:
    grid = make_grid(pixels_per_unit)
    return _Parts(
        grid=grid,
        height=relief(grid, face),
        skin=paint_face(grid, face),
        strands=hair_colour(grid, face),
        front=hair_in_front(grid, face),
        behind=hair_behind(grid, face),
        outline=head_mask(grid, face),
    )


def draw_head(face: FaceIdentity, *, pose: Pose, light: Light, pixels_per_unit: float) -> Head:
    """Draw from the back to the front: hair behind, body, ears, the head itself, glasses."""
    parts = _parts(face, pixels_per_unit)
    grid, step = parts.grid, parts.grid.step

    picture = shade(parts.strands * 0.75, _dome(grid), step=step, light=light, gloss=0.0)
    mask = parts.behind
    body, body_mask = _body(grid, face, light)
    picture, mask = mix(picture, body, body_mask), np.maximum(mask, body_mask)
    ears, ears_mask = _ears(grid, face, light)
    if face.hair_style in {"long", "fringe"}:
        ears_mask = ears_mask * (1 - parts.behind)
    picture, mask = mix(picture, ears, ears_mask), np.maximum(mask, ears_mask)

    skin = shade(parts.skin, parts.height, step=step, light=light, gloss=0.035)
    raised = parts.height + 0.05 * parts.front
    hair = shade(parts.strands, raised, step=step, light=light, gloss=0.01)
    drawn = paint_glasses(grid, face, mix(skin, hair, parts.front))

    turned = _turn(grid, parts.height, pose)
    drawn = cv2.remap(drawn, *turned, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    outline = cv2.remap(parts.outline, *turned, cv2.INTER_LINEAR)
    return Head(mix(picture, drawn, outline), np.maximum(mask, outline), grid)


def _turn(grid: Grid, height: Field, pose: Pose) -> tuple[Field, Field]:
    """Where each pixel of the turned head comes from.

    A point x, y, z of the head appears at ``x cos(yaw) + z sin(yaw)``, and so for pitch; the
    inverse is found by a few steps of fixed-point iteration, which the gentle relief allows.
    """
    yaw, pitch = np.deg2rad(pose.yaw), np.deg2rad(pose.pitch)
    depth = cv2.GaussianBlur(height, (0, 0), 0.03 / grid.step)
    x, y = grid.x, grid.y
    for _ in range(6):
        z = cv2.remap(
            depth, *grid.to_pixels(x, y), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        x = (grid.x - z * np.sin(yaw)) / np.cos(yaw)
        y = (grid.y - z * np.sin(pitch)) / np.cos(pitch)
    return grid.to_pixels(x, y)


def _dome(grid: Grid) -> Field:
    return 0.8 * np.sqrt(np.clip(1 - (grid.x / 1.5) ** 2 - ((grid.y + 0.1) / 1.6) ** 2, 0, 1))


def _ears(grid: Grid, face: FaceIdentity, light: Light) -> tuple[Field, Field]:
    mask = np.zeros_like(grid.x)
    for side in (-1, 1):
        x = (grid.x - side * (face.cheek_width + 0.03)) / 0.11
        y = (grid.y - 0.16) / 0.27
        mask = np.maximum(mask, soft_step(1 - np.hypot(x, y), softness=0.1))
    colour = np.ones((*grid.x.shape, 3), np.float32) * np.array(face.skin, np.float32)
    colour *= np.array([0.95, 0.8, 0.78], np.float32)
    return shade(colour, 0.15 * mask, step=grid.step, light=light, gloss=0.0), mask


def _body(grid: Grid, face: FaceIdentity, light: Light) -> tuple[Field, Field]:
    """Neck with the head's shadow on it, and shoulders in the clothes' colour."""
    neck_half = 0.5 * face.cheek_width + 0.06 + 0.1 * np.clip(grid.y - 1.2, 0, None)
    neck = soft_step(neck_half - np.abs(grid.x), softness=0.04) * (grid.y > 0.6)
    collar = 1.62 + 0.18 * np.clip(1 - (grid.x / 0.55) ** 2, 0, None)
    drop = 0.35 * np.clip(np.abs(grid.x) - 0.55, 0, None) ** 1.5
    shoulders = soft_step(grid.y - collar - drop, softness=0.03)
    colour = np.ones((*grid.x.shape, 3), np.float32) * np.array(face.skin, np.float32) * 0.92
    shadow = soft_step(face.chin_y + 0.2 - grid.y, softness=0.35)
    colour *= (1 - 0.45 * shadow)[..., None]
    colour = mix(colour, np.array(face.clothes, np.float32), shoulders)
    barrel = 0.5 * np.sqrt(np.clip(1 - (grid.x / 1.8) ** 2, 0, 1)) + 0.25 * np.sqrt(
        np.clip(1 - (grid.x / 0.75) ** 2, 0, 1)
    ) * (1 - shoulders)
    lit = shade(colour, barrel.astype(np.float32), step=grid.step, light=light, gloss=0.0)
    return lit, np.maximum(neck, shoulders)
