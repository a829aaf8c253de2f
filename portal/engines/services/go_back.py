"""Taking a rule back: an earlier one decides again, and nothing that was saved is lost."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from portal.core.context import require
from portal.engines.models import DecisionRule, RuleAdoption, RuleProposal, Space
from portal.engines.selectors import SMALL_GALLERY, shipped_policy
from portal.engines.services.refusals import RuleRefused
from portal.engines.services.saved import SavedRule
from portal.engines.services.seen import require_unchanged
from portal.engines.services.versions import adopt, keep_version, lock_rules, propose
from recognition.config import DEFAULT_MODEL

__all__ = ["adopt_switched", "go_back"]


@transaction.atomic
def go_back(
    rule: DecisionRule | None, *, seen: int | None, reason: str = "", space_id: str | None = None
) -> RuleAdoption | RuleProposal:
    """Let an earlier rule decide again; None is the shipped one, of the shipped model alone.

    Where the operator asks for two people, one of them may undo the latest change alone, so that a
    mistake is mended at once. To go further back is a change like any other: the old numbers are
    proposed as a new version. Raises ``RuleRefused`` and ``RuleChanged``.
    """
    require("calibration.manage")
    space = lock_rules(space_id)
    before = require_unchanged(space.pk, seen=seen)
    _require_returnable(rule, space=space, before=before)
    if settings.CALIBRATION_NEEDS_TWO and rule != _rule_before(space):
        return propose(keep_version(_again(rule, reason=reason), space=space, before=before))
    return adopt(rule, space=space, cause=RuleAdoption.Cause.WENT_BACK, reason=reason)


@transaction.atomic
def adopt_switched(rule: DecisionRule | None, *, space_id: str, reason: str = "") -> RuleAdoption:
    """The rule that comes into force with its model; part of the switch's own transaction."""
    require("calibration.manage")
    space = lock_rules(space_id)
    if rule is not None:
        _require_same_space(rule, space)
    return adopt(rule, space=space, cause=RuleAdoption.Cause.SWITCHED, reason=reason)


def _require_returnable(
    rule: DecisionRule | None, *, space: Space, before: DecisionRule | None
) -> None:
    if rule is not None:
        _require_same_space(rule, space)
    elif not space.is_shipped:
        raise RuleRefused(
            f"The shipped rule is of {DEFAULT_MODEL}, and its threshold means nothing to "
            f"{space.model_id}, which recognises now. Measure {space.model_id} and save what was "
            "found, or take the model back under Calibration, Model.",
            code="calibration.other_space",
            http_status=409,
        )
    if rule == before:
        raise RuleRefused(
            "Nothing was changed: this rule decides already.",
            code="calibration.already_in_force",
            http_status=409,
        )
    # A proposal that was refused, or waits, must not come into force by this door.
    if rule is not None and not rule.adoptions.filter(space=space).exists():
        raise RuleRefused(
            f"Rule {rule.number} was never in force, so there is no going back to it. Save it anew.",
            code="calibration.never_in_force",
            http_status=409,
        )


def _require_same_space(rule: DecisionRule, space: Space) -> None:
    if rule.space_id != space.pk:
        raise RuleRefused(
            f"Rule {rule.number} is of another model than {space.model_id}, and its threshold "
            "means nothing to this one. Take the model back, or measure again.",
            code="calibration.other_space",
            http_status=409,
        )


def _rule_before(space: Space) -> DecisionRule | None:
    """What decided until the latest change; None is the shipped rule."""
    latest = RuleAdoption.objects.filter(space=space).select_related("rule")[:2]
    return latest[1].rule if len(latest) == 2 else None


def _again(rule: DecisionRule | None, *, reason: str) -> SavedRule:
    """The same numbers for a new version."""
    if rule is None:
        return _shipped_again(reason=reason or "Back to the shipped rule.")
    return SavedRule(
        threshold=rule.threshold,
        grey_band=rule.grey_band,
        min_margin=rule.min_margin,
        gallery_size=rule.gallery_size,
        stranger_rate=rule.stranger_rate,
        follows_gallery=rule.follows_gallery,
        wish=rule.wish,
        evidence=rule.evidence,
        origin=rule.origin,
        reason=reason or f"Back to rule {rule.number}.",
    )


def _shipped_again(*, reason: str) -> SavedRule:
    """The shipped rule in a version's numbers: it decides alike for a gallery of any size."""
    policy = shipped_policy(SMALL_GALLERY)
    return SavedRule(
        threshold=policy.threshold,
        grey_band=policy.grey_band,
        min_margin=policy.min_margin,
        gallery_size=SMALL_GALLERY,
        stranger_rate=settings.RECOGNITION.stranger_rate,
        follows_gallery=settings.RECOGNITION.threshold is None,
        origin=DecisionRule.Origin.BY_HAND,
        reason=reason,
    )
