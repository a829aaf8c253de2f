"""What the recognition worker found in a roster's photos, as it hands it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

__all__ = ["Crop", "ExaminedPhoto"]


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """One face. ``vector`` is ``(D,) float32`` of unit length; the pictures are JPEG files."""

    vector: NDArray[np.float32]
    portrait: bytes
    aligned: bytes
    quality: Mapping[str, Any]
    pose: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ExaminedPhoto:
    """``crop`` is what is kept of it, if anything; ``is_aside`` keeps it out of use.

    ``reason`` says why it is not used; ``other_id`` with ``score`` whose face it is already.
    ``is_examined`` says that the same bytes would come to the same end again.
    """

    photo_id: int
    crop: Crop | None = None
    reason: str = ""
    is_aside: bool = False
    other_id: UUID | None = None
    score: float = 0.0
    is_examined: bool = True
