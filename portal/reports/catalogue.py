"""Every report there is, by name and by what it is about.

Public surface: ``CATALOGUE``, ``GROUPS``, ``kind_of``.
"""

from __future__ import annotations

from typing import Final

from portal.core.errors import NotFound
from portal.reports.kinds.arrivals import ARRIVALS
from portal.reports.kinds.base import ReportKind
from portal.reports.kinds.daily import DAILY
from portal.reports.kinds.departments import DEPARTMENTS
from portal.reports.kinds.evidence import CORRECTIONS, EXCEPTIONS, PUNCHES
from portal.reports.kinds.leave import LEAVE
from portal.reports.kinds.lists import ABSENCES, FIRST_LAST, LATE_EARLY, OVERTIME
from portal.reports.kinds.monthly import MONTHLY
from portal.reports.kinds.presence import PRESENCE
from portal.reports.kinds.rounding import ROUNDING
from portal.reports.kinds.time_card import TIME_CARD
from portal.reports.kinds.trend import TREND

__all__ = ["CATALOGUE", "GROUPS", "kind_of"]

_ALL: Final = (
    DAILY,
    MONTHLY,
    TIME_CARD,
    FIRST_LAST,
    DEPARTMENTS,
    OVERTIME,
    LEAVE,
    ROUNDING,
    LATE_EARLY,
    ABSENCES,
    EXCEPTIONS,
    PUNCHES,
    CORRECTIONS,
    ARRIVALS,
    PRESENCE,
    TREND,
)
CATALOGUE: Final = {kind.slug: kind for kind in _ALL}
GROUPS: Final = {
    group: tuple(kind for kind in _ALL if kind.group == group)
    for group in dict.fromkeys(kind.group for kind in _ALL)
}


def kind_of(slug: str) -> ReportKind:
    kind = CATALOGUE.get(slug)
    if kind is None:
        raise NotFound("There is no such report. The page “Reports” lists them all.")
    return kind
