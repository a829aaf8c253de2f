"""Rules as they were saved, adopted and proposed."""

from __future__ import annotations

from typing import Any

from portal.engines.models import DecisionRule, RuleAdoption, RuleProposal
from tests.factories.people import SpaceFactory

__all__ = ["adopted_rule", "proposed_rule", "saved_rule"]


def saved_rule(**fields: Any) -> DecisionRule:
    """A version that decides nothing yet."""
    values = {
        "number": DecisionRule.objects.count() + 1,
        "space": SpaceFactory(),
        "origin": DecisionRule.Origin.CALIBRATED,
        "threshold": 0.52,
        "gallery_size": 120,
        "stranger_rate": 0.001,
        "grey_band": 0.05,
        "min_margin": 0.05,
        "wish": {"fpir": 0.001, "days": None, "strangers_a_day": None},
        "evidence": {"fpir": {"value": 0.0006, "low": 0.0002, "high": 0.0009}},
        "reason": "Strangers were given names.",
        "author_id": "0",
        "author_label": "grace@example.org",
    }
    return DecisionRule.objects.create(**{**values, **fields})


def adopted_rule(**fields: Any) -> DecisionRule:
    """One that decides from now on."""
    rule = saved_rule(**fields)
    RuleAdoption.objects.create(
        rule=rule,
        space=rule.space,
        cause=RuleAdoption.Cause.SAVED,
        actor_id=rule.author_id,
        actor_label=rule.author_label,
    )
    return rule


def proposed_rule(**fields: Any) -> RuleProposal:
    """One that waits for somebody other than Grace."""
    return RuleProposal.objects.create(rule=saved_rule(**fields))
