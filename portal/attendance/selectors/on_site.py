"""The number of people on site, for pages of other apps. Public surface: ``on_site_count``."""

from __future__ import annotations

from datetime import datetime

from portal.attendance.models import AttendanceDay
from portal.attendance.selectors.presence import dates_by_site, on_site
from portal.core.context import Scope
from portal.people.selectors import within_scope

__all__ = ["on_site_count"]


def on_site_count(scope: Scope, *, now: datetime) -> int:
    """People and not days: whoever works two shifts is one."""
    days = AttendanceDay.objects.filter(within_scope(scope, path="person__"))
    here = on_site(days, now=now, dates=dates_by_site(now))
    return here.order_by().values("person").distinct().count()
