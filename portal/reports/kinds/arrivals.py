"""At what time of the day people come first."""

from __future__ import annotations

from typing import Final

from portal.reports.charts import Chart, bars
from portal.reports.choices import Choices
from portal.reports.kinds.base import ReportKind, one_section
from portal.reports.selectors.facts import Facts
from portal.reports.sheet import Column, Kind, Row, Section
from portal.reports.spans import Span

__all__ = ["ARRIVALS"]

_BIN_MIN: Final = 15
_BINS: Final = 24 * 60 // _BIN_MIN
_COLUMNS: Final = (
    Column("from", "From", width=8),
    Column("to", "Until", width=8),
    Column("arrivals", "Arrivals", Kind.COUNT, 10, is_total=True),
    Column("late_arrivals", "Of them late", Kind.COUNT, 12, is_total=True),
    Column("share", "Share", width=8),
)


def _columns(_: Choices) -> tuple[Column, ...]:
    return _COLUMNS


def _counts(facts: Facts) -> tuple[list[int], list[int]]:
    """By quarter of an hour of the local day: all, and those who were late."""
    counts, late = [0] * _BINS, [0] * _BINS
    for day in facts.days:
        clock = day.clock(day.first_in)
        if clock is not None:
            number = (clock.at.hour * 60 + clock.at.minute) // _BIN_MIN
            counts[number] += 1
            late[number] += day.late_min > 0
    return counts, late


def _stretch(counts: list[int]) -> range:
    """From the first to the last quarter of an hour in which anybody came."""
    taken = [n for n, count in enumerate(counts) if count]
    return range(taken[0], taken[-1] + 1) if taken else range(0)


def _sections(facts: Facts) -> tuple[Section, ...]:
    counts, late = _counts(facts)
    whole = sum(counts) or 1
    rows = [
        Row(
            (
                _clock(n),
                _clock(n + 1),
                counts[n],
                late[n] or None,
                f"{100 * counts[n] / whole:.1f} %",
            )
        )
        for n in _stretch(counts)
    ]
    return one_section(_COLUMNS, rows)


def _clock(number: int) -> str:
    hours, minutes = divmod(number * _BIN_MIN, 60)
    return f"{hours:02}:{minutes:02}"


def _chart(facts: Facts) -> Chart | None:
    counts, late = _counts(facts)
    stretch = _stretch(counts)
    if not stretch:
        return None
    most, whole = max(stretch, key=lambda n: counts[n]), sum(counts)
    return bars(
        [counts[n] for n in stretch],
        labels=[_clock(n) for n in stretch],
        words=[
            f"{_clock(n)} to {_clock(n + 1)}: {counts[n]:,} came, {late[n]:,} of them late."
            for n in stretch
        ],
        name="First arrivals",
        key="arrivals",
        title=(
            f"Most people come between {_clock(most)} and {_clock(most + 1)}: "
            f"{counts[most]:,} of {whole:,} arrivals"
        ),
        summary="Each bar is a quarter of an hour, in the time of each person's site.",
        x_label="First in",
        y_label="Arrivals",
    )


ARRIVALS = ReportKind(
    slug="arrivals",
    title="Arrivals by time of day",
    question="When do people come, and when is the door busiest?",
    group="Drawn",
    icon="door-open",
    columns=_columns,
    sections=_sections,
    span=Span.LAST_30_DAYS,
    chart=_chart,
)
