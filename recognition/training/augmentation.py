"""What happens to a picture between the disk and the network, the same wherever it happens.

Every picture has its own random numbers, drawn from the seed and its place in the run: the number
of loading threads changes nothing. Public surface: ``PictureRecipe``.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Picture
from recognition.embedding.preparation import Augmentation, prepare

__all__ = ["PictureRecipe"]

_RANDOM = Augmentation.RANDOM_ROTATE | Augmentation.RANDOM_CROP | Augmentation.RANDOM_FLIP


@dataclass(frozen=True, slots=True)
class PictureRecipe:
    """FaceNet's options (``--random_crop`` and so on) and one of ours.

    Without ``fixed_standardisation`` every picture is prewhitened. ``resize_px`` first scales the
    shorter side to that length, for pictures that were not cut to the network's size; facenet has
    no such step and crops or pads only.
    """

    size_px: int
    random_crop: bool = False
    random_flip: bool = False
    random_rotate: bool = False
    fixed_standardisation: bool = False
    resize_px: int | None = None

    def for_training(self, picture: Picture, *, draw: tuple[int, ...]) -> NDArray[np.float32]:
        """``(H, W, 3) uint8`` to ``(3, S, S) float32``; ``draw`` names this one appearance."""
        return self._prepared(picture, self._flags(), np.random.default_rng(draw))

    def for_evaluation(self, picture: Picture, *, is_mirrored: bool = False) -> NDArray[np.float32]:
        """The same standardisation at the centre, with nothing random."""
        flags = self._flags() & ~_RANDOM
        return self._prepared(picture, flags | (Augmentation.FLIP if is_mirrored else flags))

    def _flags(self) -> Augmentation:
        chosen = {
            Augmentation.RANDOM_CROP: self.random_crop,
            Augmentation.RANDOM_FLIP: self.random_flip,
            Augmentation.RANDOM_ROTATE: self.random_rotate,
            Augmentation.FIXED_STANDARDISE: self.fixed_standardisation,
        }
        flags = Augmentation.NONE
        for flag, is_on in chosen.items():
            if is_on:
                flags |= flag
        return flags

    def _prepared(
        self, picture: Picture, flags: Augmentation, rng: np.random.Generator | None = None
    ) -> NDArray[np.float32]:
        if self.resize_px is not None:
            picture = _scaled(picture, shorter_px=self.resize_px)
        pixels = prepare(picture, size_px=self.size_px, augmentation=flags, rng=rng)
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _scaled(picture: Picture, *, shorter_px: int) -> Picture:
    height, width = picture.shape[:2]
    ratio = shorter_px / min(height, width)
    if ratio == 1.0:
        return picture
    size = (max(shorter_px, round(width * ratio)), max(shorter_px, round(height * ratio)))
    method = cv2.INTER_AREA if ratio < 1.0 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=method), dtype=np.uint8)
