"""Light on a relief: direction, softness, and the way from reflectance to a picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tests.faces.fields import Field

__all__ = ["Light", "shade", "to_linear", "to_srgb"]


@dataclass(frozen=True, slots=True)
class Light:
    """``azimuth`` 0 is the camera's side, positive from the picture's right; degrees."""

    azimuth: float = -25.0
    elevation: float = 35.0
    strength: float = 0.8
    ambient: float = 0.45
    warmth: float = 0.0


def to_linear(srgb: Field) -> Field:
    return np.power(np.clip(srgb, 0, 1), 2.2, dtype=np.float32)


def to_srgb(linear: Field) -> Field:
    """With a soft shoulder, so that bright skin does not clip."""
    exposed = np.where(linear < 0.7, linear, 0.7 + 0.3 * np.tanh((linear - 0.7) / 0.3))
    return np.power(np.clip(exposed, 0, 1), 1 / 2.2, dtype=np.float32)


def shade(colour: Field, height: Field, *, step: float, light: Light, gloss: float) -> Field:
    """Linear light from a relief: a wide lamp, the sky, closeness of hollows, a weak gloss."""
    smooth = cv2.GaussianBlur(height, (0, 0), max(0.6, 0.008 / step))
    slope_y, slope_x = np.gradient(smooth, step)
    length = np.sqrt(slope_x**2 + slope_y**2 + 1)
    nx, ny, nz = -slope_x / length, -slope_y / length, 1 / length
    azimuth, elevation = np.deg2rad(light.azimuth), np.deg2rad(light.elevation)
    lx = np.sin(azimuth) * np.cos(elevation)
    ly = -np.sin(elevation)
    lz = np.cos(azimuth) * np.cos(elevation)
    facing = nx * lx + ny * ly + nz * lz
    lamp = np.clip((facing + 0.25) / 1.25, 0, 1) ** 1.2
    sky = 0.65 + 0.35 * np.clip(-ny * 0.6 + nz * 0.7, 0, 1)
    around = cv2.GaussianBlur(height, (0, 0), 0.09 / step)
    hollow = np.clip(1 - 3.2 * np.clip(around - smooth, 0, None), 0.35, 1)
    bright = light.strength * lamp * 1.15 + light.ambient * sky * hollow
    bright *= 0.35 + 0.65 * hollow
    hx, hy, hz = lx, ly, lz + 1
    half = np.sqrt(hx**2 + hy**2 + hz**2)
    shine = np.clip((nx * hx + ny * hy + nz * hz) / half, 0, 1) ** 22
    tint = np.array([1 + 0.12 * light.warmth, 1.0, 1 - 0.16 * light.warmth], np.float32)
    lit = to_linear(colour) * bright[..., None] * tint
    return (lit + gloss * light.strength * shine[..., None] * tint).astype(np.float32)
