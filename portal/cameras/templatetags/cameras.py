"""Template tags of the pages about cameras."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.cameras.wording import ago, span
from portal.ui.times import exact_time

register = template.Library()


@register.simple_tag
def frame_ago(value: datetime | None, *, empty: str = "No picture yet") -> SafeString | str:
    """ "3 s ago", kept counting by cameras.js, with the exact time and zone on hover."""
    if value is None:
        return empty
    return format_html(
        '<time datetime="{}" title="{}" data-seconds-ago>{}</time>',
        value.isoformat(),
        exact_time(value),
        ago(value),
    )


@register.simple_tag
def lasting(since: datetime) -> SafeString:
    """ "for 3 h", with the exact beginning on hover."""
    length_ms = (timezone.now() - since).total_seconds() * 1000
    return format_html(
        '<time datetime="{}" title="since {}">for {}</time>',
        since.isoformat(),
        exact_time(since),
        span(max(1_000.0, length_ms)),
    )
