"""Reads of roll-calls and of who is on site now."""

from portal.muster.selectors.presence import (
    NOWHERE,
    Place,
    Present,
    places_of,
    present_at,
    present_within,
)
from portal.muster.selectors.report import Marker, Report, ReportLine, report_of
from portal.muster.selectors.roll import (
    Counts,
    addable_people,
    changes_after,
    counts_of,
    cursor_of,
    meeting_cameras,
    open_musters,
    reachable_site,
    visible_entries,
    visible_muster,
    visible_musters,
)

__all__ = [
    "NOWHERE",
    "Counts",
    "Marker",
    "Place",
    "Present",
    "Report",
    "ReportLine",
    "addable_people",
    "changes_after",
    "counts_of",
    "cursor_of",
    "meeting_cameras",
    "open_musters",
    "places_of",
    "present_at",
    "present_within",
    "reachable_site",
    "report_of",
    "visible_entries",
    "visible_muster",
    "visible_musters",
]
