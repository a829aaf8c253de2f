"""Stretches of dates in words, such as “last month”, that mean other dates every day.

Public surface: ``LONGEST_DAYS``, ``Span``, ``dates_of``.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from django.db import models

__all__ = ["LONGEST_DAYS", "Span", "dates_of"]

LONGEST_DAYS: Final = 366
_DAY: Final = timedelta(days=1)


class Span(models.TextChoices):
    TODAY = "today", "Today"
    YESTERDAY = "yesterday", "Yesterday"
    THIS_WEEK = "this_week", "This week"
    LAST_WEEK = "last_week", "Last week"
    THIS_MONTH = "this_month", "This month"
    LAST_MONTH = "last_month", "Last month"
    LAST_30_DAYS = "last_30_days", "The last 30 days"
    LAST_12_WEEKS = "last_12_weeks", "The last 12 weeks"
    DATES = "dates", "From … to …"


def dates_of(span: str, today: date) -> tuple[date, date]:
    """First and last day, both included. Weeks begin on Monday; what has just begun ends today.
    Raises ``ValueError`` for ``Span.DATES``, which means nothing by itself."""
    monday = today - timedelta(days=today.weekday())
    first_of_month = today.replace(day=1)
    before = first_of_month - _DAY
    found = {
        Span.TODAY: (today, today),
        Span.YESTERDAY: (today - _DAY, today - _DAY),
        Span.THIS_WEEK: (monday, today),
        Span.LAST_WEEK: (monday - 7 * _DAY, monday - _DAY),
        Span.THIS_MONTH: (first_of_month, today),
        Span.LAST_MONTH: (before.replace(day=1), before),
        Span.LAST_30_DAYS: (today - 29 * _DAY, today),
        Span.LAST_12_WEEKS: (monday - 84 * _DAY, monday - _DAY),
    }
    if span not in found:
        raise ValueError(f"{span!r} names no dates by itself")
    return found[Span(span)]
