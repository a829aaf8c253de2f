"""Changing how long things are kept, and the words of the public notice."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.privacy.clocks import LONGEST_DAYS
from portal.privacy.models import Notice, RetentionRule
from portal.privacy.selectors import retention

__all__ = ["change_notice", "change_retention"]


@transaction.atomic
def change_retention(days: Mapping[str, int]) -> dict[str, int]:
    """Set the days of these categories; returns what changed. The next purge goes by them.

    Raises ``DomainError`` for a fixed category, for days outside 1 to ``LONGEST_DAYS``, and where
    a picture would be kept longer than the result that it belongs to.
    """
    require("privacy.manage")
    rules = {rule.clock.category: rule for rule in retention()}
    for category, number in days.items():
        rule = rules.get(category)
        if rule is None or rule.clock.is_fixed:
            raise DomainError(
                f"“{category}” cannot be changed.", code="retention.fixed", http_status=409
            )
        if not 1 <= number <= LONGEST_DAYS:
            raise DomainError(
                f"{rule.clock.title}: {number} is not possible; expected 1 to {LONGEST_DAYS:,} "
                "days.",
                code="retention.days",
            )
    wanted = {name: days.get(name, rule.days) for name, rule in rules.items()}
    results = wanted["results"] or LONGEST_DAYS
    for category in ("pictures", "unknown_crops"):
        if (wanted[category] or 0) > results:
            raise DomainError(
                f"{rules[category].clock.title} belong to a result and go with it, so they cannot "
                f"be kept longer than results ({results} days). Keep results longer, or these "
                "shorter.",
                code="retention.order",
            )
    before = {n: rules[n].days for n in days if rules[n].days != days[n]}
    if not before:
        return {}
    for category in before:
        RetentionRule.objects.update_or_create(category=category, defaults={"days": days[category]})
    after = {name: days[name] for name in before}
    record("privacy.retention.changed", before=before, after=after)
    return after


@transaction.atomic
def change_notice(*, controller: str, contact: str, purposes: str) -> Notice:
    """Set what the public page says about who, whom to ask and what for."""
    require("privacy.manage")
    row, _ = Notice.objects.select_for_update().get_or_create(pk=1)
    before = {"controller": row.controller, "contact": row.contact}
    row.controller, row.contact = controller.strip()[:200], contact.strip()[:300]
    row.purposes = purposes.strip()[:2000]
    row.save()
    record(
        "privacy.notice.changed",
        before=before,
        after={"controller": row.controller, "contact": row.contact},
    )
    return row
