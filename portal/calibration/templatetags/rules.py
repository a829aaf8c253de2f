"""`{% waiting_proposals %}`: says on every Calibration page that a rule waits for this user."""

from __future__ import annotations

from django import template

from portal.calibration.selectors.history import proposals_for_me

register = template.Library()


@register.inclusion_tag("calibration/history/_waiting.html")
def waiting_proposals() -> dict[str, int]:
    return {"waiting": proposals_for_me()}
