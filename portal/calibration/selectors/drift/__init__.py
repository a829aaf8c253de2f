"""Reads of the drift watch: scores that are known to be right, and what became of them."""

from portal.calibration.selectors.drift.findings import (
    DriftView,
    Ended,
    WatchView,
    ended_findings,
    finding_chart,
    visible_finding,
    watch_view,
)
from portal.calibration.selectors.drift.scores import (
    DayScore,
    Genuine,
    by_camera,
    by_person,
    days_of,
    genuine_scores,
    together,
)

__all__ = [
    "DayScore",
    "DriftView",
    "Ended",
    "Genuine",
    "WatchView",
    "by_camera",
    "by_person",
    "days_of",
    "ended_findings",
    "finding_chart",
    "genuine_scores",
    "together",
    "visible_finding",
    "watch_view",
]
