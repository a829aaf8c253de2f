"""`portal.calibration.words` as template filters: `{{ run.fpir|one_in }}`, `{{ share|percent }}`.

`{{ share|percent:"lower" }}` for a share of which more is better.
"""

from __future__ import annotations

from datetime import timedelta

from django import template

from portal.calibration import words
from portal.cameras.wording import span

register = template.Library()

register.filter("count", words.count)
register.filter("not_seen", words.not_seen)


@register.filter
def length_of(length: timedelta) -> str:
    """A length of time: "40 s", "7 min", "3 days"."""
    return span(max(length.total_seconds(), 1.0) * 1_000)


@register.filter
def one_in(rate: float | None, worse: words.Worse = "higher") -> str:
    return words.one_in(rate, worse=worse)


@register.filter
def percent(rate: float | None, worse: words.Worse = "higher") -> str:
    return words.percent(rate, worse=worse)
