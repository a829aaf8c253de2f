"""Saving the rule that a what-if tried, with what it found. Public surface: ``save_what_if``."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from portal.calibration.models import WhatIf
from portal.core.errors import DomainError
from portal.engines.models import DecisionRule
from portal.engines.selectors import rule_in_force
from portal.engines.services import RuleSaved, SavedRule, save_rule
from portal.people.selectors import gallery_people_count

__all__ = ["save_what_if"]


def save_what_if(
    what_if: WhatIf, *, reason: str, seen: int | None, follows_gallery: bool = True
) -> RuleSaved:
    """Raises what ``save_rule`` raises, and ``DomainError`` before the replay is done."""
    if what_if.state != WhatIf.State.DONE:
        raise DomainError(
            "This rule was not tried to the end yet. Wait for the outcome, and save it then.",
            code="what_if.not_done",
            http_status=409,
        )
    return save_rule(
        SavedRule(
            threshold=what_if.threshold,
            grey_band=what_if.grey_band,
            min_margin=what_if.min_margin,
            gallery_size=gallery_people_count(),
            stranger_rate=_stranger_rate(what_if),
            reason=reason,
            follows_gallery=follows_gallery,
            wish=what_if.wish,
            evidence=_evidence(what_if),
            origin=_origin(what_if),
        ),
        seen=seen,
        space_id=what_if.space_id,
    )


def _stranger_rate(what_if: WhatIf) -> float:
    """By it the threshold moves with the gallery: what was wished for, else what holds now."""
    wished = what_if.wish.get("fpir")
    if isinstance(wished, int | float) and wished > 0:
        return float(wished)
    rule = rule_in_force(what_if.space_id)
    return rule.stranger_rate if rule is not None else settings.RECOGNITION.stranger_rate


def _origin(what_if: WhatIf) -> str:
    return DecisionRule.Origin.CALIBRATED if what_if.run_id else DecisionRule.Origin.BY_HAND


def _evidence(what_if: WhatIf) -> dict[str, Any]:
    changes = what_if.summary["changes"]
    evidence: dict[str, Any] = {
        "what_if": str(what_if.pk),
        "replay": {
            "rows": what_if.replayed,
            "from": what_if.from_at.date().isoformat(),
            "to": what_if.to_at.date().isoformat(),
            **{name: changes[name] for name in ("appears", "disappears", "changes")},
        },
    }
    if what_if.run_id:
        evidence["run"] = str(what_if.run_id)
    return evidence
