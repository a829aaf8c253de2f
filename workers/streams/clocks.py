"""The two clocks: one that never goes back, by which everything is timed, and the one on the wall,
which is set now and then.

Public surface: ``WallClock``, ``Watermark``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["SETTLE_S", "WallClock", "Watermark"]

# A time server moves a clock that is right by far less.
_JUMP_S: Final = 2.0
# A clock that was just set may be set again.
SETTLE_S: Final = 60.0


class WallClock:
    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self._steady = wall, steady
        self._offset_s = wall() - steady()
        self._jumped_s: float | None = None

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._wall(), tz=UTC)

    def at(self, at_s: float) -> datetime:
        """What the wall shows of an instant of the steady clock; by its present setting."""
        return self.now() - timedelta(seconds=max(self._steady() - at_s, 0.0))

    def check(self) -> float:
        """By how many seconds the wall clock was moved since the last look; 0.0 for none."""
        offset_s = self._wall() - self._steady()
        jump_s, self._offset_s = offset_s - self._offset_s, offset_s
        if abs(jump_s) < _JUMP_S:
            return 0.0
        self._jumped_s = self._steady()
        return jump_s

    @property
    def is_settled(self) -> bool:
        return self._jumped_s is None or self._steady() - self._jumped_s > SETTLE_S


class Watermark:
    """Until when everything that a camera saw is written down. It never goes back, and never
    beyond what the wall clock says."""

    def __init__(self) -> None:
        self.until: datetime | None = None

    def advance(self, captured_at: datetime, *, now: datetime, is_settled: bool) -> None:
        # From a clock that stands in the future for a moment there would be no way back.
        if not is_settled:
            return
        reached = min(captured_at, now)
        self.until = reached if self.until is None else max(self.until, reached)
