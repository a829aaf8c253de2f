"""What is handed in to be saved, and what it becomes. Public surface: ``SavedRule``,
``RuleSaved``, ``check_saved``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from portal.engines.models import DecisionRule, RuleAdoption, RuleProposal
from portal.engines.services.refusals import RuleRefused
from recognition.decision import DecisionPolicy

__all__ = ["REASON_CHARACTERS", "RuleSaved", "SavedRule", "check_saved"]

REASON_CHARACTERS: Final = 500
# Two strangers score 0 on average: below it nearly everybody would be given a name.
_THRESHOLDS: Final = (0.0, 0.99)
_RATES: Final = (1e-9, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedRule:
    """What was on the page: the numbers, what was asked for, what they rest on, and why.

    ``threshold`` was chosen for ``gallery_size`` people; ``stranger_rate`` is the share of
    strangers that may be given a name. Where it ``follows_gallery`` it moves with the number of
    people enrolled, but for another model than the shipped one: there it is kept as one that stays.
    ``wish`` and ``evidence`` hold numbers and words only, never a vector or name.
    """

    threshold: float
    grey_band: float
    min_margin: float
    gallery_size: int
    stranger_rate: float
    reason: str
    follows_gallery: bool = True
    wish: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)
    origin: str = DecisionRule.Origin.CALIBRATED


@dataclass(frozen=True, slots=True)
class RuleSaved:
    """The version, and either its adoption or the proposal that waits for a second person."""

    rule: DecisionRule
    adoption: RuleAdoption | None = None
    proposal: RuleProposal | None = None

    @property
    def is_in_force(self) -> bool:
        return self.adoption is not None


def check_saved(rule: SavedRule) -> None:
    """Raise ``RuleRefused`` for what no decision can follow, or nobody can account for."""
    reason = rule.reason.strip()
    if not reason or len(reason) > REASON_CHARACTERS:
        raise RuleRefused(
            f"Say in 1 to {REASON_CHARACTERS} characters why the rule is changed: whoever looks "
            "at it in a year will want to know.",
            code="calibration.reason_missing",
        )
    _require_range("The threshold", rule.threshold, _THRESHOLDS)
    _require_range("The share of strangers who may be named", rule.stranger_rate, _RATES)
    try:
        DecisionPolicy(
            threshold=rule.threshold, grey_band=rule.grey_band, min_margin=rule.min_margin
        )
    except ValueError as error:
        raise RuleRefused(str(error)) from error
    if rule.gallery_size < 0:
        raise RuleRefused(f"The gallery has {rule.gallery_size} people; 0 or more are needed.")
    if rule.origin not in DecisionRule.Origin.values:
        raise RuleRefused(f"A rule does not come from “{rule.origin}”.")
    try:
        json.dumps([dict(rule.wish), dict(rule.evidence)], allow_nan=False)
    except (TypeError, ValueError) as error:
        raise RuleRefused(f"The evidence is more than numbers and words: {error}") from error


def _require_range(what: str, value: float, bounds: tuple[float, float]) -> None:
    low, high = bounds
    if not low <= value <= high:
        raise RuleRefused(f"{what} is {value:g}; expected {low:g} to {high:g}.")
