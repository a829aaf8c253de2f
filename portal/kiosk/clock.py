"""When an event was, by our clock: pure. Public surface: ``Timing``, ``timing_of``, ``OLDEST``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

__all__ = ["FUTURE", "LIVE", "OLDEST", "Timing", "timing_of"]

# What arrives so soon has just happened: the server's clock says when.
LIVE: Final = timedelta(seconds=15)
# As everywhere in attendance: a clock that is further ahead is wrong.
FUTURE: Final = timedelta(minutes=5)
# Longer than a long weekend without a network, shorter than a month that is paid already.
OLDEST: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Timing:
    """``live``: just now. ``late``: it was kept on the tablet meanwhile. ``old`` and ``future``
    cannot be registered."""

    at: datetime
    kind: Literal["live", "late", "old", "future"]


def timing_of(device_at: datetime, skew_ms: float, *, now: datetime) -> Timing:
    """``skew_ms`` is by how much the tablet's clock was ahead of ours at that moment, as it measured
    when it heard from us last."""
    at = device_at - timedelta(milliseconds=skew_ms)
    age = now - at
    if age < -FUTURE:
        return Timing(at, "future")
    if age <= LIVE:
        return Timing(now, "live")
    return Timing(at, "old" if age > OLDEST else "late")
