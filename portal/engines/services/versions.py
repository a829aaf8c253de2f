"""Versions of the rule, and which of them is in force: the rows and their audit entries.

Public surface: ``lock_rules``, ``keep_version``, ``propose``, ``adopt``, ``require_active``,
``announce_rule``. Callers hold the lock, and have asked for the right.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Max

from portal.audit.services import record
from portal.core.context import current_actor
from portal.core.events import CalibrationChanged, publish_on_commit
from portal.engines.models import DecisionRule, RuleAdoption, RuleProposal, Space
from portal.engines.selectors import active_space
from portal.engines.services.refusals import RuleRefused
from portal.engines.services.saved import REASON_CHARACTERS, SavedRule

__all__ = [
    "adopt",
    "announce_rule",
    "keep_version",
    "lock_rules",
    "propose",
    "require_active",
]


def lock_rules(space_id: str | None) -> Space:
    """The space (the active one), with all of them locked: one rule at a time gets a number and
    is taken into force."""
    spaces = {
        space.pk: space for space in Space.objects.select_for_update(no_key=True).order_by("pk")
    }
    if space_id is None:
        active = active_space()
        space_id = active.pk if active is not None else ""
    if space_id not in spaces:
        raise RuleRefused(
            "No recognition worker has started yet, so there is no model that a rule could be "
            "for. Start Gatehouse, and try again.",
            code="calibration.no_space",
            http_status=409,
        )
    return spaces[space_id]


def require_active(space: Space, *, origin: str) -> None:
    """A rule goes with the model that it was measured with. Raises ``RuleRefused``."""
    active = active_space()
    if origin != DecisionRule.Origin.MODEL_SWITCH and active is not None and space != active:
        raise RuleRefused(
            f"These figures are of {space.model_id}, and faces are recognised by "
            f"{active.model_id} now. A threshold of one means nothing to the other: measure again.",
            code="calibration.other_space",
            http_status=409,
        )


def keep_version(rule: SavedRule, *, space: Space, before: DecisionRule | None) -> DecisionRule:
    """Write the next version down; it decides nothing yet."""
    actor = current_actor()
    last = DecisionRule.objects.aggregate(last=Max("number"))["last"] or 0
    version = DecisionRule.objects.create(
        number=last + 1,
        space=space,
        origin=rule.origin,
        threshold=rule.threshold,
        gallery_size=rule.gallery_size,
        # Along whose curve, if it is not the shipped model's: nobody knows another.
        follows_gallery=rule.follows_gallery and space.is_shipped,
        stranger_rate=rule.stranger_rate,
        grey_band=rule.grey_band,
        min_margin=rule.min_margin,
        wish=dict(rule.wish),
        evidence=dict(rule.evidence),
        reason=rule.reason.strip(),
        author_id=actor.id,
        author_label=actor.label,
    )
    record(
        "calibration.rule.saved",
        target=version,
        before=_numbers(before),
        after=_numbers(version),
        reason=version.reason,
    )
    return version


def propose(version: DecisionRule) -> RuleProposal:
    """Let a version wait for a second person."""
    proposal = RuleProposal.objects.create(rule=version)
    record("calibration.proposal.made", target=proposal, after={"rule": version.number})
    announce_rule()
    return proposal


def adopt(rule: DecisionRule | None, *, space: Space, cause: str, reason: str = "") -> RuleAdoption:
    """From now on ``rule``, or for None the shipped one, decides in ``space``."""
    actor = current_actor()
    adoption = RuleAdoption.objects.create(
        rule=rule,
        space=space,
        cause=cause,
        actor_id=actor.id,
        actor_label=actor.label,
        reason=reason.strip()[:REASON_CHARACTERS],
    )
    record(
        "calibration.rule.adopted",
        target=adoption,
        after={
            "rule": rule.number if rule is not None else None,
            "cause": str(cause),
            "space": space.pk,
        },
        reason=adoption.reason,
    )
    announce_rule()
    return adoption


def announce_rule() -> None:
    publish_on_commit("calibration", CalibrationChanged(type="calibration.changed", part="rule"))


def _numbers(rule: DecisionRule | None) -> dict[str, Any]:
    if rule is None:
        return {"rule": None}
    return {
        "rule": rule.number,
        "threshold": rule.threshold,
        "grey_band": rule.grey_band,
        "min_margin": rule.min_margin,
        "stranger_rate": rule.stranger_rate,
        "gallery_size": rule.gallery_size,
        "follows_gallery": rule.follows_gallery,
        "origin": str(rule.origin),
        "space": rule.space_id,
    }
