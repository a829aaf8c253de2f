"""Names that a proposed rule would take and give, day by day. Public surface: ``draw``."""

from __future__ import annotations

from collections.abc import Sequence

from portal.calibration.charts.axes import Linear
from portal.calibration.charts.parts import Chart, thinned
from portal.calibration.selectors.what_if.report import DayRow
from portal.core.chart_parts import BOTTOM, LEFT, RIGHT, TOP, Point, Series, Tick, number

__all__ = ["draw"]

_LABELS = 6


def draw(days: Sequence[DayRow]) -> Chart | None:
    """None where no name changes on any day."""
    most = max((max(one.appears, one.disappears, one.changes) for one in days), default=0)
    if not most:
        return None
    pitch = (RIGHT - LEFT) / len(days)
    y = Linear(0.0, float(most), BOTTOM, TOP, most=min(5, most))
    every = -(-len(days) // _LABELS)
    rows = tuple(
        (
            one.day.isoformat(),
            str(one.decided),
            str(one.disappears),
            str(one.appears),
            str(one.changes),
        )
        for one in days
    )
    return Chart(
        key="days",
        title=_finding(days),
        summary="Each bar is a day at the place where it happened. Taller bars are more names.",
        x_label="Day",
        y_label="Names",
        x_ticks=tuple(
            Tick(number(LEFT + (n + 0.5) * pitch), f"{one.day:%-d %b}")
            for n, one in enumerate(days)
            if n % every == 0
        ),
        y_ticks=y.ticks(),
        series=tuple(
            Series(name, tone, path, area=path)
            for place, (name, tone, key) in enumerate(_SERIES)
            if any(getattr(one, key) for one in days)
            for path in (_bars([getattr(one, key) for one in days], pitch, y, place=place),)
        ),
        points=tuple(
            Point(
                number(LEFT + (n + 0.5) * pitch),
                number(y.at(max(one.appears, one.disappears, one.changes))),
                _words(one),
            )
            for n, one in enumerate(days)
        ),
        head=("day", "decided", "would disappear", "would appear", "would be another"),
        rows=rows,
        shown=thinned(rows, most=62),
        start=max(range(len(days)), key=lambda n: days[n].names),
    )


_SERIES = (
    ("Would disappear", "uncertain", "disappears"),
    ("Would appear", "match", "appears"),
    ("Would be another's", "accent", "changes"),
)


def _bars(values: Sequence[int], pitch: float, y: Linear, *, place: int) -> str:
    """Rectangles side by side, a third of a day's width each."""
    wide = pitch * 0.8 / len(_SERIES)
    parts = []
    for n, value in enumerate(values):
        if value:
            left = LEFT + n * pitch + pitch * 0.1 + place * wide
            top = number(y.at(value))
            parts.append(
                f"M{number(left)} {number(BOTTOM)}V{top}H{number(left + wide)}V{number(BOTTOM)}Z"
            )
    return "".join(parts)


def _finding(days: Sequence[DayRow]) -> str:
    most = max(days, key=lambda one: one.names)
    total = sum(one.names for one in days)
    if most.names == total:
        return f"{_counted(total, 'name')}, all on {most.day:%-d %B}"
    if most.names * 2 > total:
        return f"Most of it on {most.day:%-d %B}: {most.names:,} of {total:,} names"
    touched = sum(1 for one in days if one.names)
    return (
        f"{total:,} names on {touched:,} of {_counted(len(days), 'day')}, at most {most.names:,} on "
        "one"
    )


def _words(one: DayRow) -> str:
    return (
        f"{one.day:%-d %B}: of {one.decided:,} decided, {_counted(one.disappears, 'name')} would "
        f"disappear, {one.appears:,} would appear, {one.changes:,} would be another's."
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
