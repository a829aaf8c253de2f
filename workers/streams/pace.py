"""How far behind the camera a stream is. Public surface: ``Pace``."""

from __future__ import annotations

from typing import Final

__all__ = ["Pace"]

# Two clocks part by far less than a millisecond in a second.
_LEAK: Final = 0.001
# No stream lags so far without having been given up: its own time began anew.
_DISCONTINUITY_S: Final = 30.0


class Pace:
    """Compares a stream's own time with the time at which its frames come.

    The frame that came soonest after its time is taken for punctual; what comes later, because a
    cable was out or the decoder is slow, lags by the difference.
    """

    def __init__(self) -> None:
        self._lead_s: float | None = None
        self._at_s = 0.0

    def lag_s(self, stream_s: float, now_s: float) -> float:
        lead_s = stream_s - now_s
        if self._lead_s is not None:
            self._lead_s -= _LEAK * (now_s - self._at_s)
        self._at_s = now_s
        is_anew = self._lead_s is not None and self._lead_s - lead_s > _DISCONTINUITY_S
        if self._lead_s is None or lead_s > self._lead_s or is_anew:
            self._lead_s = lead_s
        return self._lead_s - lead_s
