"""Saving the rule that a what-if tried, with what it found. Public surface: ``save_what_if``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from portal.calibration.models import WhatIf
from portal.calibration.selectors.runs import Measured
from portal.calibration.selectors.what_if.measured import measured_of
from portal.calibration.services.save import evidence_of
from portal.core.errors import DomainError
from portal.engines.models import DecisionRule
from portal.engines.selectors import rule_in_force
from portal.engines.services import RuleSaved, SavedRule, save_rule

__all__ = ["save_what_if"]


def save_what_if(
    what_if: WhatIf, *, reason: str, seen: int | None, follows_gallery: bool = True
) -> RuleSaved:
    """The rule is for as many people as were enrolled when it was tried, and rests on a measurement
    only where its threshold is the one that was measured.

    Raises what ``save_rule`` raises, and ``DomainError`` before the replay is done.
    """
    if what_if.state != WhatIf.State.DONE:
        raise DomainError(
            "This rule was not tried to the end yet. Wait for the outcome, and save it then.",
            code="what_if.not_done",
            http_status=409,
        )
    measured = measured_of(what_if)
    wish = what_if.wish if measured is not None else {}
    return save_rule(
        SavedRule(
            threshold=what_if.threshold,
            grey_band=what_if.grey_band,
            min_margin=what_if.min_margin,
            gallery_size=what_if.summary["gallery_size"],
            stranger_rate=_stranger_rate(wish, space_id=what_if.space_id),
            reason=reason,
            follows_gallery=follows_gallery,
            wish=wish,
            evidence=_evidence(what_if, measured),
            origin=DecisionRule.Origin.BY_HAND
            if measured is None
            else DecisionRule.Origin.CALIBRATED,
        ),
        seen=seen,
        space_id=what_if.space_id,
    )


def _stranger_rate(wish: Mapping[str, Any], *, space_id: str | None) -> float:
    """By it the threshold moves with the gallery: what was wished for, else what holds now."""
    wished = wish.get("fpir")
    if isinstance(wished, int | float) and wished > 0:
        return float(wished)
    rule = rule_in_force(space_id)
    return rule.stranger_rate if rule is not None else settings.RECOGNITION.stranger_rate


def _evidence(what_if: WhatIf, measured: Measured | None) -> dict[str, Any]:
    """What the replay found, beside what was measured: a second person looks at both."""
    changes = what_if.summary["changes"]
    return {
        **(evidence_of(measured.run, measured.figures) if measured is not None else {}),
        "what_if": str(what_if.pk),
        "replay": {
            "rows": what_if.replayed,
            "from": what_if.from_at.date().isoformat(),
            "to": what_if.to_at.date().isoformat(),
            **{name: changes[name] for name in ("appears", "disappears", "changes")},
        },
    }
