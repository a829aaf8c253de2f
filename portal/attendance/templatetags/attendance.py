"""What templates of attendance need: ``{% load attendance %}``.

``{% include "attendance/_status.html" with status=day.status %}`` draws the badge;
``{{ 485|hours_minutes }}``, ``{{ day.first_in|at_zone:day }}``, ``{{ flag|flag_label }}``; ``day_url``,
``month_url`` and ``correct_url`` of a ``Whose``.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.template.context import Context
from django.urls import NoReverseMatch, reverse

from portal.attendance import words
from portal.attendance.months import Month
from portal.attendance.selectors.whose import Whose

register = template.Library()


@register.filter
def status_word(status: str) -> words.StatusWord:
    return words.status_word(status)


@register.filter
def hours_minutes(minutes: int | None) -> str:
    return words.hours_minutes(minutes)


@register.filter
def minutes_or_dash(minutes: int) -> str:
    """Where most figures of a column are nothing, those that are not stand out."""
    return words.hours_minutes(minutes or None)


@register.filter
def moment(at: datetime, zone: str) -> str:
    """To the minute, for remarks such as "computed …"."""
    return f"{at.astimezone(ZoneInfo(zone)):%a %-d %b %Y, %H:%M}"


@register.filter
def minutes_in_words(minutes: int) -> str:
    return words.minutes_in_words(minutes)


@register.filter
def flag_label(flag: str) -> str:
    return words.flag_label(flag)


@register.filter
def flag_meaning(flag: str) -> str:
    return words.flag_meaning(flag)


@register.filter
def days_late(count: int) -> str:
    return f"on {count} day{'' if count == 1 else 's'}" if count else "never"


@register.filter
def off_by(minutes: int) -> str:
    """What a settled day should have had more or less."""
    sign = "+" if minutes > 0 else ""
    return f"{sign}{words.hours_minutes(minutes)} later"


@register.filter
def at_zone(at: datetime | None, day: Any) -> str:
    """The clock where a day was worked, with "+1" after midnight. ``day`` has ``zone`` and
    ``work_date``."""
    return words.wall_time(at, day.zone, on=day.work_date)


@register.filter
def at_wall(at: datetime | None, zone: str) -> str:
    return words.wall_time(at, zone)


@register.filter
def ordinal(number: int) -> str:
    """2 is "2nd"."""
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in {11, 12, 13} else endings.get(number % 10, 'th')}"


@register.simple_tag
def day_url(whose: Whose, work_date: date) -> str:
    """Where a date of this person is shown to the one who looks."""
    if whose.is_own:
        return reverse("dashboard:my_day", args=[work_date])
    return reverse("attendance:day", args=[whose.person.pk, work_date])


@register.simple_tag
def month_url(whose: Whose, month: Month, *, view: str = "") -> str:
    if whose.is_own:
        address = reverse("dashboard:my_month")
    else:
        address = reverse("attendance:person", args=[whose.person.pk])
    return f"{address}?month={month}{f'&view={view}' if view else ''}"


@register.simple_tag(takes_context=True)
def correct_url(context: Context, whose: Whose, work_date: date) -> str:
    """Where a correction of this date is asked for; empty for those who may not."""
    user = context["request"].user
    if not whose.is_own and "attendance.request" not in user.permissions:
        return ""
    try:
        return reverse("attendance:correct", args=[whose.person.pk, work_date])
    except NoReverseMatch:
        return ""
