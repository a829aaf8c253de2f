"""Made pictures as files: JPEG bytes, and rosters in the folder-per-person layout."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.faces.people import DISTINCT, name_of, photo

__all__ = ["jpeg_bytes", "write_roster"]


def jpeg_bytes(picture: NDArray[np.uint8], quality: int = 92) -> bytes:
    """The RGB picture as a JPEG file's content."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def write_roster(
    folder: Path,
    people: int = 3,
    photos: int = 3,
    *,
    size_px: tuple[int, int] = (640, 480),
) -> dict[int, list[Path]]:
    """Write ``<Name>/<Name>_0001.jpg`` and so on; names have underscores for spaces.

    The people are the first of ``DISTINCT``. Returns each identity's files in order.
    """
    if not 0 < people <= len(DISTINCT):
        raise ValueError(f"people must lie between 1 and {len(DISTINCT)}, got {people}")
    written: dict[int, list[Path]] = {}
    for identity in DISTINCT[:people]:
        stem = name_of(identity).replace(" ", "_")
        own = folder / stem
        own.mkdir(parents=True, exist_ok=True)
        written[identity] = []
        for number in range(photos):
            path = own / f"{stem}_{number + 1:04d}.jpg"
            path.write_bytes(jpeg_bytes(photo(identity, number, size_px=size_px)))
            written[identity].append(path)
    return written
