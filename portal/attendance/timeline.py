"""A day drawn along its hours: the shift with its window and grace, the break, the times worked,
and every punch. Places are shares of the width, so that letters keep their size on a phone.

Public surface: ``Mark``, ``Span``, ``Tick``, ``Timeline``, ``timeline``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["Mark", "Span", "Tick", "Timeline", "timeline"]

_HOUR: Final = timedelta(hours=1)
_MARGIN: Final = timedelta(minutes=20)
# So many hours' names stand side by side on a phone.
_MOST_TICKS: Final = 9
_STEPS: Final = (1, 2, 3, 4, 6, 12, 24)


@dataclass(frozen=True, slots=True)
class Span:
    """``kind``: window, shift, grace, break, session."""

    kind: str
    x: str
    width: str
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A punch. ``kind``: counted, ignored, waiting, void."""

    kind: str
    x: str
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    x: str
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    spans: tuple[Span, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]


def timeline(
    spans: Sequence[tuple[str, datetime, datetime, str]],
    marks: Iterable[tuple[str, datetime, str]],
    *,
    zone: str,
) -> Timeline | None:
    """``spans`` are (kind, from, to, words), ``marks`` (kind, at, words). None where there is
    nothing to draw."""
    points = list(marks)
    moments = [at for _, begins, ends, _ in spans for at in (begins, ends)]
    moments += [at for _, at, _ in points]
    if not moments:
        return None
    low, high = min(moments) - _MARGIN, max(moments) + _MARGIN
    whole = high - low

    def share(at: datetime) -> str:
        return f"{(at - low) / whole * 100:.2f}%"

    return Timeline(
        spans=tuple(
            Span(kind, share(begins), f"{(ends - begins) / whole * 100:.2f}%", words)
            for kind, begins, ends, words in spans
            if ends > begins
        ),
        marks=tuple(Mark(kind, share(at), words) for kind, at, words in points),
        ticks=tuple(Tick(share(at), label) for at, label in _hours(low, high, ZoneInfo(zone))),
    )


def _hours(low: datetime, high: datetime, zone: ZoneInfo) -> Iterable[tuple[datetime, str]]:
    """Whole hours of the local clock, as few as fit; an hour that comes twice comes twice."""
    hours = (high - low) / _HOUR
    step = next((n for n in _STEPS if hours / n <= _MOST_TICKS), _STEPS[-1])
    # Zones lie whole quarters of an hour beside UTC.
    quarter = timedelta(minutes=15)
    at = datetime.fromtimestamp(low.timestamp() // 900 * 900, UTC) + quarter
    while at < high:
        local = at.astimezone(zone)
        if local.minute == 0 and local.hour % step == 0:
            yield at, f"{local:%H}"
        at += quarter
