"""Words about rules: `{% waiting_proposals %}`, that one waits for this user, on every Calibration
page; `{% rule_name rule %}`, which one decides."""

from __future__ import annotations

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html

from portal.calibration.selectors.history import proposals_for_me
from portal.engines.models import DecisionRule

register = template.Library()


@register.inclusion_tag("calibration/history/_waiting.html")
def waiting_proposals() -> dict[str, int]:
    return {"waiting": proposals_for_me()}


@register.simple_tag(takes_context=True)
def rule_name(context: Context, rule: DecisionRule | None) -> str:
    """A link for whoever may see it; without the spaces of an included file, for use in a sentence."""
    if not rule:
        return "the shipped rule"
    if "calibration.view" not in context["user"].permissions:
        return f"rule {rule.number}"
    url = reverse("calibration:rule", args=(rule.number,))
    return format_html('<a href="{}">rule {}</a>', url, rule.number)
