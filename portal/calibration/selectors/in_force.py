"""The rule that decides now, and what it does. Public surface: ``in_force_now``, ``InForce``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from portal.calibration.figures import Figures, RuleFigure, Span
from portal.engines.models import DecisionRule
from portal.engines.selectors import active_space, policy_in_force, rule_in_force
from portal.people.selectors import gallery_people_count
from recognition.calibration import SHIPPED_PRIOR
from recognition.config import DEFAULT_MODEL
from recognition.decision import DecisionPolicy

__all__ = ["SAME", "InForce", "in_force_now"]

# A rule that was saved for this gallery differs from what was measured by rounding alone.
SAME: Final = 5e-4
_NEAR: Final = 0.01


@dataclass(frozen=True, slots=True)
class InForce:
    """The rule that decides now and what it does. ``source`` says where the figures come from:
    ``measured`` here, ``saved`` with the rule, read off the ``curve`` that was
    measured, ``model`` (its own measure), or ``none``."""

    rule: DecisionRule | None
    policy: DecisionPolicy
    gallery_size: int
    strangers: Span | None
    missed: Span | None
    source: str


def in_force_now(figures: Figures | None) -> InForce:
    size = gallery_people_count()
    space = active_space()
    rule = rule_in_force(space.pk) if space is not None else None
    policy = policy_in_force(size, space_id=space.pk if space is not None else None)
    strangers, missed, source = _rates(policy, rule, figures)
    if source == "none" and size and (space is None or space.model_id == DEFAULT_MODEL):
        share = float(SHIPPED_PRIOR.fpir(policy.threshold, gallery_size=size))
        strangers, source = Span(share, share, share), "model"
    return InForce(rule, policy, size, strangers, missed, source)


def _rates(
    policy: DecisionPolicy, rule: DecisionRule | None, figures: Figures | None
) -> tuple[Span | None, Span | None, str]:
    if figures is not None:
        for one in (figures.now, figures.chosen):
            if one is not None and abs(one.threshold - policy.threshold) < SAME:
                return *_spans(one), "measured"
    if rule is not None and rule.evidence.get("fpir"):
        return _kept(rule, "fpir"), _kept(rule, "missed"), "saved"
    if figures is not None and figures.det:
        # Between two of some hundred points; near enough for a word, without an interval.
        near = min(figures.det, key=lambda point: abs(point.threshold - policy.threshold))
        if abs(near.threshold - policy.threshold) < _NEAR:
            fpir, fnir = min(near.fpir, 1.0), near.fnir
            return Span(fpir, fpir, fpir), Span(fnir, fnir, fnir), "curve"
    return None, None, "none"


def _spans(rule: RuleFigure) -> tuple[Span | None, Span | None]:
    return (
        rule.strangers.rate if rule.strangers else None,
        rule.missed.rate if rule.missed else None,
    )


def _kept(rule: DecisionRule, name: str) -> Span | None:
    found = rule.evidence.get(name)
    try:
        return Span(found["value"], found["low"], found["high"])
    except (KeyError, TypeError):
        return None
