"""What pages of plans ask for wherever they are. Public surface: the tag ``waiting_leave``."""

from __future__ import annotations

from django import template

from portal.schedules.selectors.leave import waiting_count

register = template.Library()


@register.simple_tag
def waiting_leave() -> int:
    """How many requests wait for whoever looks at the page."""
    return waiting_count()
