"""Minutes that may be fewer than none, in the templates of reports."""

from __future__ import annotations

from django import template

from portal.attendance.words import hours_minutes

__all__ = ["register", "signed_minutes"]

register = template.Library()


@register.filter
def signed_minutes(minutes: int) -> str:
    """ "+0:30", "−1:05"; nothing for none."""
    if not minutes:
        return "–"
    return f"{'+' if minutes > 0 else ''}{hours_minutes(minutes)}"
