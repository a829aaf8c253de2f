"""Small made sets on disk for tests of data sets. Public surface: ``picture``, ``write_set``."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.faces import jpeg_bytes

__all__ = ["picture", "write_set"]


def picture(seed: int, *, size_px: tuple[int, int] = (64, 48)) -> NDArray[np.uint8]:
    """Soft coloured patches, another arrangement for each seed."""
    patches = np.random.default_rng([seed, 5]).uniform(0, 255, (6, 6, 3)).astype(np.float32)
    grown = cv2.resize(patches, size_px, interpolation=cv2.INTER_CUBIC)
    return np.clip(grown, 0, 255).astype(np.uint8)


def write_set(root: Path, counts: dict[str, int]) -> list[Path]:
    """``root/<class>/<class>_0001.jpg`` and so on; every picture is another one."""
    files = []
    for name, count in counts.items():
        (root / name).mkdir(parents=True)
        for number in range(1, count + 1):
            path = root / name / f"{name}_{number:04d}.jpg"
            path.write_bytes(jpeg_bytes(picture(len(files))))
            files.append(path)
    return files
