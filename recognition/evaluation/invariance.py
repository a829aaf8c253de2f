"""Pictures shifted, turned, scaled, compressed and shrunk on purpose, to see what the vectors bear.

The steps are those of FaceNet's invariance tests (shift, rotation, scale) and of the paper's
tables on JPEG quality and pixels. Public surface: the names in ``__all__``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Picture, Vectors

__all__ = ["SWEEPS", "SweepKind", "SweepPoint", "similarities", "summarise", "transformed"]

SweepKind = Literal["shift_x", "shift_y", "rotation", "scale", "jpeg", "pixels"]

SWEEPS: dict[SweepKind, tuple[float, ...]] = {
    "shift_x": tuple(float(px) for px in range(-30, 31, 3)),
    "shift_y": tuple(float(px) for px in range(-30, 31, 3)),
    "rotation": tuple(float(degrees) for degrees in range(-30, 31, 3)),
    "scale": tuple(percent / 100 for percent in range(50, 151, 5)),
    "jpeg": (10.0, 20.0, 30.0, 50.0, 70.0, 90.0),
    "pixels": (1600.0, 6400.0, 14400.0, 25600.0, 65536.0),
}


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """One step: how alike the changed pictures' vectors are to the untouched ones'.

    ``low`` is the 5 % quantile of the cosine; ``found`` counts the pictures that still show a
    face; only those have a cosine. ``accuracy`` is that of pairs whose second picture was
    changed, at the threshold that was best for the untouched; None without pairs.
    """

    kind: SweepKind
    value: float
    mean: float | None
    low: float | None
    found: int
    pictures: int
    accuracy: float | None = None


def transformed(picture: Picture, *, kind: SweepKind, value: float) -> Picture:
    """The same size, changed about the centre; what comes in from outside repeats the edge.

    ``shift_x`` and ``shift_y`` move by pixels to the right and down, ``rotation`` turns by degrees
    against the clock, ``scale`` enlarges, ``jpeg`` goes through a file of that quality, ``pixels``
    shrinks the whole picture to that many pixels and enlarges it again, and leaves it alone where
    it has no more. Raises ``ValueError`` for another kind.
    """
    import cv2

    height, width = picture.shape[:2]
    if kind == "jpeg":
        from recognition.images import decode_image, encode_jpeg

        return decode_image(encode_jpeg(picture, quality=int(value)), max_side_px=None).picture
    if kind == "pixels":
        ratio = (value / (width * height)) ** 0.5
        if ratio >= 1.0:
            return picture
        size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        return np.asarray(
            cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8
        )
    if kind not in get_args(SweepKind):
        raise ValueError(f"there is no sweep {kind!r}; expected one of {get_args(SweepKind)}")
    centre = ((width - 1) / 2, (height - 1) / 2)
    matrix = cv2.getRotationMatrix2D(
        centre, value if kind == "rotation" else 0.0, value if kind == "scale" else 1.0
    )
    matrix[0, 2] += value if kind == "shift_x" else 0.0
    matrix[1, 2] += value if kind == "shift_y" else 0.0
    moved = cv2.warpAffine(
        picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, np.uint8)


def similarities(untouched: Vectors, changed: Vectors) -> NDArray[np.float64]:
    """Cosines row by row; NaN where either has no face (a row of zeros)."""
    cosines: NDArray[np.float64] = (untouched.astype(np.float64) * changed).sum(axis=1)
    cosines[~(untouched.any(axis=1) & changed.any(axis=1))] = np.nan
    return cosines


def summarise(
    cosines: NDArray[np.float64],
    *,
    kind: SweepKind,
    value: float,
    accuracy: float | None = None,
) -> SweepPoint:
    """One step of the curve from its cosines."""
    known: Sequence[float] = cosines[~np.isnan(cosines)].tolist()
    return SweepPoint(
        kind=kind,
        value=value,
        mean=float(np.mean(known)) if known else None,
        low=float(np.quantile(known, 0.05)) if known else None,
        found=len(known),
        pictures=len(cosines),
        accuracy=accuracy,
    )
