"""Which frames are worth a look: not more than the camera's rate, and few while nothing moves.

Public surface: ``Sampler``.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Sampler"]

# Somebody who stands still is looked at all the same, this often.
STILL_S: Final = 1.0
# After the last motion every frame is worth a look for so long: a face is sharpest then.
LINGER_S: Final = 2.0

_STRIDE: Final = 4
_CELL: Final = 8
# Grey levels (of 256) that a cell must change by, beyond what the whole picture changed by, and
# how many cells must: above the noise of a dark room, below a hand that is raised.
_LEVELS: Final = 6.0
_CELLS: Final = 2


class Sampler:
    """``rate_fps`` is the most that is looked at. Times are those of a clock that never jumps."""

    def __init__(self, rate_fps: float) -> None:
        self._period_s = 1.0 / max(rate_fps, 0.01)
        self._due_s = 0.0
        self._looked_s = -1e9
        self._moved_s = -1e9
        self._seen: NDArray[np.float32] | None = None

    def is_due(self, now_s: float) -> bool:
        # Frames never come to the millisecond: one that is a little early is not left for the
        # next, which would halve the rate.
        return now_s >= self._due_s - 0.3 * self._period_s

    def is_worth(self, luma: NDArray[np.uint8], now_s: float) -> bool:
        """Whether a frame that is due is to be looked at; one that is counts against the rate."""
        cells = _cells(luma)
        if _has_moved(self._seen, cells):
            self._moved_s = now_s
        is_still = now_s - self._moved_s > LINGER_S
        if is_still and now_s - self._looked_s < STILL_S:
            return False
        self._seen = cells
        self._looked_s = now_s
        due_s = self._due_s + self._period_s
        self._due_s = due_s if due_s > now_s else now_s + self._period_s
        return True


def _cells(luma: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The mean grey of squares, from every fourth pixel."""
    thin = luma[::_STRIDE, ::_STRIDE]
    rows, columns = max(thin.shape[0] // _CELL, 1), max(thin.shape[1] // _CELL, 1)
    cut = thin[: rows * _CELL, : columns * _CELL]
    if cut.shape != (rows * _CELL, columns * _CELL):
        return thin.astype(np.float32)
    cells: NDArray[np.float32] = cut.reshape(rows, _CELL, columns, _CELL).mean(
        axis=(1, 3), dtype=np.float32
    )
    return cells


def _has_moved(before: NDArray[np.float32] | None, after: NDArray[np.float32]) -> bool:
    if before is None or before.shape != after.shape:
        return True
    change = after - before
    # A cloud, or the camera's own exposure, changes all cells alike.
    change -= np.float32(np.median(change))
    return int(np.count_nonzero(np.abs(change) > _LEVELS)) >= _CELLS
