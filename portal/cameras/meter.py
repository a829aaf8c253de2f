"""How often something happens, over the last minute, in constant memory. Public: ``RateMeter``."""

from __future__ import annotations

from typing import Final

__all__ = ["RateMeter"]

_BUCKET_S: Final = 5.0
_BUCKETS: Final = 12


class RateMeter:
    """Counts in twelve buckets of five seconds; the oldest makes room for the newest."""

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self._numbers = [-1] * _BUCKETS
        self._first_s: float | None = None

    def note(self, at_s: float) -> None:
        number = int(at_s // _BUCKET_S)
        slot = number % _BUCKETS
        if self._numbers[slot] != number:
            self._numbers[slot], self._counts[slot] = number, 0
        self._counts[slot] += 1
        if self._first_s is None or at_s - self._first_s < 0:
            self._first_s = at_s

    def per_second(self, now_s: float) -> float:
        """Over the last minute, or since the first one where that is shorter."""
        if self._first_s is None:
            return 0.0
        last = int(now_s // _BUCKET_S)
        counted = sum(
            count
            for number, count in zip(self._numbers, self._counts, strict=True)
            if last - _BUCKETS < number <= last
        )
        # The last bucket is not over yet.
        window_s = (_BUCKETS - 1) * _BUCKET_S + now_s % _BUCKET_S
        return counted / max(_BUCKET_S, min(window_s, now_s - self._first_s))
