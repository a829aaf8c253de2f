"""Saving a rule: an immutable version with the next number, in force at once or proposed."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from portal.core.context import require
from portal.engines.models import RuleAdoption
from portal.engines.services.saved import RuleSaved, SavedRule, check_saved
from portal.engines.services.seen import require_unchanged
from portal.engines.services.versions import (
    adopt,
    keep_version,
    lock_rules,
    propose,
    require_active,
)

__all__ = ["save_rule"]


@transaction.atomic
def save_rule(rule: SavedRule, *, seen: int | None, space_id: str | None = None) -> RuleSaved:
    """Save a new version in ``space_id`` (the active space); ``seen`` is the number of the rule
    that was in force when the page was drawn, None for the shipped one.

    It decides at once, or waits for a second person where the operator asks for two. Raises
    ``RuleRefused`` and ``RuleChanged``.
    """
    require("calibration.manage")
    check_saved(rule)
    space = lock_rules(space_id)
    require_active(space, origin=rule.origin)
    before = require_unchanged(space.pk, seen=seen)
    version = keep_version(rule, space=space, before=before)
    if settings.CALIBRATION_NEEDS_TWO:
        return RuleSaved(version, proposal=propose(version))
    return RuleSaved(version, adoption=adopt(version, space=space, cause=RuleAdoption.Cause.SAVED))
