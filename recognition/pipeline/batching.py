"""Cutting work into batches, and decoding a batch's pictures side by side.

Public surface: ``chunks``, ``decode_all``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from recognition.errors import RecognitionError
from recognition.images import DecodedImage, decode_image

__all__ = ["chunks", "decode_all"]

Item = TypeVar("Item")

# Pictures are decoded no larger than this. The detector looks at 1,280 px at most; twice that
# keeps enough pixels for the crop of a face that it just finds (20 px there, 40 here).
MAX_SIDE_PX = 2560


def chunks(items: Sequence[Item], *, size: int) -> Iterator[Sequence[Item]]:
    """Consecutive slices of at most ``size`` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def decode_all(
    images: Sequence[bytes], *, pool: Executor
) -> Iterator[tuple[DecodedImage | RecognitionError, float]]:
    """Per picture what came of it and how many milliseconds that took, in order.

    The work begins at once, and whoever iterates waits for it. A rejected picture is answered by
    its error and spoils nothing beside it.
    """
    return pool.map(_decode, images)


def _decode(data: bytes) -> tuple[DecodedImage | RecognitionError, float]:
    start = time.perf_counter()
    result: DecodedImage | RecognitionError
    try:
        result = decode_image(data, max_side_px=MAX_SIDE_PX)
    except RecognitionError as error:
        result = error
    return result, (time.perf_counter() - start) * 1000.0
