"""The retention in force, and what a purge at this moment would delete."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from portal.cameras.selectors import stills_before
from portal.core.context import require
from portal.privacy.clocks import PURGE_AT, Clock, clocks, days_in_words
from portal.privacy.expired import EXPIRED, invited_drafts
from portal.privacy.models import RetentionRule

__all__ = ["Rule", "days_of", "expired_rows", "next_purge_at", "retention", "would_delete"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A clock with the number of days in force; None is for good."""

    clock: Clock
    days: int | None

    @property
    def is_default(self) -> bool:
        return self.days == self.clock.default_days

    @property
    def words(self) -> str:
        return days_in_words(self.days)

    @property
    def default_words(self) -> str:
        return days_in_words(self.clock.default_days)


def retention() -> list[Rule]:
    """Every category with its days: the one source for purge, dry run and public page. Public."""
    changed = dict(RetentionRule.objects.values_list("category", "days"))
    return [
        Rule(
            clock,
            clock.default_days
            if clock.is_fixed
            else changed.get(clock.category, clock.default_days),
        )
        for clock in clocks()
    ]


def days_of(category: str) -> int | None:
    return next(rule.days for rule in retention() if rule.clock.category == category)


def expired_rows(rule: Rule, *, now: datetime | None = None) -> QuerySet[Any] | None:
    """What this rule's purge deletes now; None for what is kept for good."""
    if rule.days is None:
        return None
    return EXPIRED[rule.clock.category]((now or timezone.now()) - timedelta(days=rule.days))


def would_delete() -> dict[str, int]:
    """Per category how much a purge would delete at this moment."""
    require("privacy.view")
    now = timezone.now()
    rules = retention()
    rows = {rule.clock.category: expired_rows(rule, now=now) for rule in rules}
    counts = {category: found.count() for category, found in rows.items() if found is not None}
    for rule in rules:
        if rule.clock.category == "pictures" and rule.days is not None:
            counts["pictures"] += stills_before(now - timedelta(days=rule.days)).count()
    counts["drafts"] += invited_drafts().count()
    return counts


def next_purge_at(*, now: datetime | None = None) -> datetime:
    moment = now or timezone.now()
    due = datetime.combine(moment.astimezone(PURGE_AT.tzinfo).date(), PURGE_AT)
    return due if due > moment else due + timedelta(days=1)
