"""How many people are there, by weekday and hour."""

from __future__ import annotations

from calendar import day_abbr, day_name
from datetime import datetime, timedelta
from typing import Final

from portal.reports.charts import Chart, heat_map
from portal.reports.choices import Choices
from portal.reports.kinds.base import ReportKind
from portal.reports.selectors.facts import Facts, zone_named
from portal.reports.sheet import Column, Kind, Row, Section
from portal.reports.spans import Span

__all__ = ["PRESENCE"]

_HOURS: Final = 24
_COLUMNS: Final = (
    Column("hour", "Hour", width=12),
    *(Column(f"day{n}", day_abbr[n], Kind.COUNT, 8) for n in range(7)),
)


def _columns(_: Choices) -> tuple[Column, ...]:
    return _COLUMNS


def _present(facts: Facts) -> list[list[float]]:
    """People on average, weekday by hour: who was there half of the hour counts half."""
    minutes = [[0.0] * _HOURS for _ in range(7)]
    zones = {day.pk: zone_named(day.zone) for day in facts.days}
    for pk, sessions in facts.sessions.items():
        for session in sessions:
            start = datetime.fromisoformat(session["start"])
            end = datetime.fromisoformat(session["end"])
            _add(minutes, start, end, zones[pk])
    days = (facts.choices.last - facts.choices.first).days + 1
    counts = [0] * 7
    for ahead in range(days):
        counts[(facts.choices.first + timedelta(days=ahead)).weekday()] += 1
    return [
        [value / 60 / count if count else 0.0 for value in row]
        for row, count in zip(minutes, counts, strict=True)
    ]


def _add(minutes: list[list[float]], start: datetime, end: datetime, zone: object) -> None:
    """Steps from hour to hour of the local clock; instants stay in UTC."""
    at = start
    while at < end:
        local = at.astimezone(zone)  # type: ignore[arg-type]
        ahead = timedelta(minutes=60 - local.minute, seconds=-local.second)
        until = min(end, at + ahead)
        minutes[local.weekday()][local.hour] += (until - at).total_seconds() / 60
        at = until


def _sections(facts: Facts) -> tuple[Section, ...]:
    present = _present(facts)
    hours = [hour for hour in range(_HOURS) if any(row[hour] for row in present)]
    rows = [
        Row(
            (
                f"{hour:02}:00–{hour + 1:02}:00",
                *(round(present[day][hour], 1) for day in range(7)),
            )
        )
        for hour in (range(hours[0], hours[-1] + 1) if hours else ())
    ]
    return (Section(rows),)


def _chart(facts: Facts) -> Chart | None:
    present = _present(facts)
    high, day, hour = max(
        (value, -n, -h) for n, row in enumerate(present) for h, value in enumerate(row)
    )
    if high <= 0:
        return None
    return heat_map(
        present,
        rows=list(day_abbr),
        words=lambda n, h, value: (
            f"{day_name[n]}, {h:02}:00 to {h + 1:02}:00: {value:.1f} people on average."
        ),
        key="presence",
        title=(
            f"Fullest on {day_name[-day]}s from {-hour:02}:00 to {1 - hour:02}:00: "
            f"{high:.1f} people on average"
        ),
        summary="The darker, the more people were there, between coming and leaving.",
        x_label="Hour of the day",
        y_label="Weekday",
    )


PRESENCE = ReportKind(
    slug="presence",
    title="Presence by weekday and hour",
    question="How full is the place, on which day and at what hour?",
    group="Drawn",
    icon="users",
    columns=_columns,
    sections=_sections,
    span=Span.LAST_30_DAYS,
    chart=_chart,
)
