"""FaceNet's pixel preparation: standardisation, and the augmentations it trained with.

Numbers and flags as in facenet.py of davidsandberg/facenet. Randomness comes from the caller's
generator only. Public surface: the names in ``__all__``.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.alignment.margins import centre_crop
from recognition.contracts import Picture

__all__ = ["Augmentation", "fixed_standardise", "prepare", "prewhiten"]

_MAX_TURN_DEGREES = 10.0


class Augmentation(IntFlag):
    """FaceNet's control bits. Without ``FIXED_STANDARDISE`` a picture is prewhitened."""

    NONE = 0
    RANDOM_ROTATE = 1
    RANDOM_CROP = 2
    RANDOM_FLIP = 4
    FIXED_STANDARDISE = 8
    FLIP = 16


def prewhiten(pictures: NDArray[Any]) -> NDArray[np.float32]:
    """Each of ``(..., H, W, C)`` to mean 0 and standard deviation 1, as float32.

    ``(x - mean) / max(std, 1 / sqrt(N))``, N the picture's number of values: an even picture
    becomes zeros, not noise.
    """
    pixels = np.asarray(pictures, dtype=np.float64)
    if pixels.ndim < 3:
        raise ValueError(f"prewhitening takes (..., H, W, C), got {pixels.shape}")
    axes = (-3, -2, -1)
    mean = pixels.mean(axis=axes, keepdims=True)
    deviation = pixels.std(axis=axes, keepdims=True)
    least = 1.0 / np.sqrt(np.prod(pixels.shape[-3:]))
    whitened: NDArray[np.float32] = ((pixels - mean) / np.maximum(deviation, least)).astype("f4")
    return whitened


def fixed_standardise(pictures: NDArray[Any]) -> NDArray[np.float32]:
    """``(x - 127.5) / 128`` as float32, exact: both numbers are sums of few powers of two."""
    return (np.asarray(pictures, dtype=np.float32) - np.float32(127.5)) / np.float32(128.0)


def prepare(
    picture: Picture,
    *,
    size_px: int,
    augmentation: Augmentation = Augmentation.NONE,
    rng: np.random.Generator | None = None,
) -> NDArray[np.float32]:
    """``(H, W, 3) uint8`` to ``(size, size, 3) float32``, ready for a network.

    In FaceNet's order: turn by up to 10 degrees either way (bicubic), crop at random where the
    picture is larger (else crop or pad at the centre), mirror, standardise. Raises ``ValueError``
    where an augmentation is random and no generator is given.
    """
    randomly = Augmentation.RANDOM_ROTATE | Augmentation.RANDOM_CROP | Augmentation.RANDOM_FLIP
    if augmentation & randomly:
        if rng is None:
            raise ValueError(f"{augmentation!r} is random: give it a numpy Generator as rng")
        picture = _at_random(picture, size_px=size_px, augmentation=augmentation, rng=rng)
    picture = centre_crop(picture, size=size_px)
    if augmentation & Augmentation.FLIP:
        picture = picture[:, ::-1]
    if augmentation & Augmentation.FIXED_STANDARDISE:
        return fixed_standardise(picture)
    return prewhiten(picture)


def _at_random(
    picture: Picture, *, size_px: int, augmentation: Augmentation, rng: np.random.Generator
) -> Picture:
    if augmentation & Augmentation.RANDOM_ROTATE:
        picture = _turned(picture, degrees=rng.uniform(-_MAX_TURN_DEGREES, _MAX_TURN_DEGREES))
    height, width = picture.shape[:2]
    if augmentation & Augmentation.RANDOM_CROP and min(height, width) > size_px:
        top, left = (int(rng.integers(side - size_px + 1)) for side in (height, width))
        picture = picture[top : top + size_px, left : left + size_px]
    if augmentation & Augmentation.RANDOM_FLIP and rng.random() < 0.5:
        picture = picture[:, ::-1]
    return picture


def _turned(picture: Picture, *, degrees: float) -> Picture:
    """Turned about its centre, black where nothing was."""
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    turned = cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_CUBIC)
    return turned.astype(np.uint8, copy=False)
