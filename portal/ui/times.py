"""Moments as people read them: how long ago, and exactly when in the site's zone.

Public surface: `exact_time` and `relative_time`, whose words `static/js/times.js` says too;
`day_title`.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format

__all__ = ["day_title", "exact_time", "relative_time"]


def relative_time(moment: datetime, *, now: datetime | None = None) -> str:
    """`moment` (aware) in a few words: "just now", "5 min ago", "in 2 h", "yesterday 14:03"."""
    now = now or timezone.now()
    distance = now - moment
    ahead = distance < timedelta(0)
    seconds = abs(distance.total_seconds())
    if seconds < 45:
        return "in a moment" if ahead else "just now"
    if seconds < 3600:
        words = f"{max(1, round(seconds / 60))} min"
        return f"in {words}" if ahead else f"{words} ago"
    local, local_now = timezone.localtime(moment), timezone.localtime(now)
    if seconds < 12 * 3600:
        words = f"{round(seconds / 3600)} h"
        return f"in {words}" if ahead else f"{words} ago"
    clock = date_format(local, "H:i")
    days = (local.date() - local_now.date()).days
    named = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(days)
    if named:
        return f"{named} {clock}"
    return date_format(local, "j M H:i" if local.year == local_now.year else "j M Y")


def exact_time(moment: datetime) -> str:
    """`moment` (aware) to the second, with the zone: "Sun 22 Nov 2026, 05:22:10 (Europe/Berlin)"."""
    local = timezone.localtime(moment)
    zone = timezone.get_current_timezone_name()
    return f"{date_format(local, 'D j M Y, H:i:s')} ({zone})"


def day_title(day: date, today: date) -> str:
    """ "Today", "Yesterday", "Sunday 22 November"; with the year where it is another one."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return date_format(day, "l j F" if day.year == today.year else "l j F Y")
