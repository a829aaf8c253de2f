"""The rule that was in force when a page was drawn, on its way through the page's form.

Whoever saves over a rule that somebody else saved meanwhile would undo a decision that they have
not seen. Public surface: ``seen_field``, ``seen_of``, ``require_unchanged``.
"""

from __future__ import annotations

from typing import Final

from portal.engines.models import DecisionRule
from portal.engines.selectors import rule_in_force
from portal.engines.services.refusals import RuleChanged, RuleRefused

__all__ = ["require_unchanged", "seen_field", "seen_of"]

_SHIPPED: Final = "shipped"


def seen_field(rule: DecisionRule | None) -> str:
    """What a hidden field of the form holds: the rule's number, or that it is the shipped one."""
    return _SHIPPED if rule is None else str(rule.number)


def seen_of(text: str) -> int | None:
    """The number in that field; None for the shipped rule. Raises ``RuleRefused`` for rubbish."""
    if text == _SHIPPED:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise RuleRefused(
            "The form does not say which rule was in force when the page was opened. Open the "
            "page again.",
            code="calibration.seen_missing",
        )
    return int(text)


def require_unchanged(space_id: str, *, seen: int | None) -> DecisionRule | None:
    """The rule in force, under the caller's lock. Raises ``RuleChanged`` where it is another."""
    rule = rule_in_force(space_id)
    if (rule.number if rule is not None else None) != seen:
        now = f"rule {rule.number}" if rule is not None else "the shipped rule"
        raise RuleChanged(
            f"By now {now} decides: somebody changed it since this page was opened. Look at the "
            "page again, and save once more if it is still right.",
            data={"in_force": rule.number if rule is not None else None},
        )
    return rule
