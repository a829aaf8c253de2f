"""Which rule decided when, what waits for a second person, and what can be gone back to.

Public surface: ``history``, ``adoptions``, ``rule_detail``, ``proposal_of``,
``proposals_for_me`` and their parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery

from portal.calibration.rule_words import (
    EvidenceFigure,
    change_words,
    figures_of,
    rule_words,
    shipped_words,
)
from portal.core.context import current_actor, require
from portal.core.errors import NotFound
from portal.engines.models import DecisionRule, RuleAdoption, RuleProposal, Space
from portal.engines.selectors import active_space, policy_of, rule_in_force, shipped_policy
from portal.people.selectors import gallery_people_count

__all__ = [
    "History",
    "ProposalView",
    "RuleRow",
    "RuleView",
    "adoptions",
    "history",
    "proposal_of",
    "proposals_for_me",
    "rule_detail",
]


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule as it is told; without ``rule`` the shipped one. ``threshold`` is the one that it
    comes to today, or None for a saved rule of a model that is not in use."""

    rule: DecisionRule | None
    words: str
    threshold: float | None
    figures: Sequence[EvidenceFigure] = ()
    is_in_force: bool = False
    # Of the model in use: a threshold of another one, the shipped rule's too, means nothing to it.
    is_of_this_model: bool = True
    # From the rule in force to this one: "0.450 → 0.520, stricter".
    change: str = ""
    # Whether one person alone can go back to it now.
    is_one_click: bool = True

    @property
    def key(self) -> str:
        return "shipped" if self.rule is None else str(self.rule.number)

    @property
    def name(self) -> str:
        return self.called[:1].upper() + self.called[1:]

    @property
    def can_go_back(self) -> bool:
        return not self.is_in_force and self.is_of_this_model

    @property
    def called(self) -> str:
        """Its name within a sentence."""
        return "the shipped rule" if self.rule is None else f"rule {self.rule.number}"


@dataclass(frozen=True, slots=True)
class RuleRow:
    """From ``adoption.created_at`` on ``view`` decided, until ``until`` where it does no more."""

    adoption: RuleAdoption
    view: RuleView
    until: datetime | None
    is_now: bool

    @property
    def can_go_back(self) -> bool:
        return self.view.can_go_back


@dataclass(frozen=True, slots=True)
class ProposalView:
    proposal: RuleProposal
    view: RuleView
    is_mine: bool


class History:
    """The rules of this installation, with what each comes to for the people enrolled now."""

    def __init__(self) -> None:
        self.people = gallery_people_count()
        self.space: Space | None = active_space()
        space_id = self.space.pk if self.space is not None else None
        self.in_force = rule_in_force(space_id) if space_id is not None else None
        latest = list(_of_space(space_id)[:2])
        self._before = latest[1].rule_id if len(latest) == 2 else None
        self._now_id = latest[0].pk if latest else None
        self.threshold = self._threshold(self.in_force) or 0.0

    @property
    def now(self) -> RuleView:
        return self.view(self.in_force)

    @property
    def shipped(self) -> RuleView:
        return self.view(None)

    def view(self, rule: DecisionRule | None) -> RuleView:
        threshold = self._threshold(rule)
        return RuleView(
            rule=rule,
            words=shipped_words() if rule is None else rule_words(rule),
            threshold=threshold,
            figures=() if rule is None else figures_of(rule),
            is_in_force=rule == self.in_force and threshold is not None,
            is_of_this_model=self._is_of_this_model(rule),
            change="" if threshold is None else change_words(self.threshold, threshold),
            is_one_click=not settings.CALIBRATION_NEEDS_TWO
            or (rule.pk if rule is not None else None) == self._before,
        )

    def rows(self, page: Sequence[RuleAdoption]) -> list[RuleRow]:
        return [
            RuleRow(
                adoption=one,
                view=self.view(one.rule) if self._is_here(one.space_id) else _elsewhere(one),
                until=getattr(one, "until", None),
                is_now=one.pk == self._now_id,
            )
            for one in page
        ]

    def proposals(self) -> list[ProposalView]:
        """Those that wait, the oldest first."""
        waiting = RuleProposal.objects.filter(state=RuleProposal.State.OPEN)
        return [
            ProposalView(one, self.view(one.rule), one.rule.author_id == current_actor().id)
            for one in waiting.select_related("rule__space").order_by("id")
        ]

    def targets(self, rows: Sequence[RuleRow]) -> list[RuleView]:
        """What can be gone back to from these rows, each once, and the shipped rule."""
        views = {row.view.key: row.view for row in rows if row.can_go_back}
        if self.shipped.can_go_back:
            views["shipped"] = self.shipped
        return list(views.values())

    def _threshold(self, rule: DecisionRule | None) -> float | None:
        if rule is None:
            return shipped_policy(self.people).threshold
        if not self._is_here(rule.space_id):
            return None
        return policy_of(rule, self.people).threshold

    def _is_of_this_model(self, rule: DecisionRule | None) -> bool:
        if rule is not None:
            return self._is_here(rule.space_id)
        return self.space is None or self.space.is_shipped

    def _is_here(self, space_id: str) -> bool:
        return self.space is not None and space_id == self.space.pk


def history() -> History:
    require("calibration.view")
    return History()


def adoptions() -> QuerySet[RuleAdoption]:
    """Every adoption, the newest first, each with the moment at which the next took over."""
    require("calibration.view")
    later = RuleAdoption.objects.filter(space=OuterRef("space"), id__gt=OuterRef("id"))
    return RuleAdoption.objects.select_related("rule__space", "space").annotate(
        until=Subquery(later.order_by("id").values("created_at")[:1])
    )


def rule_detail(number: int) -> DecisionRule:
    """With its adoptions. Raises ``NotFound``."""
    require("calibration.view")
    rules = DecisionRule.objects.select_related("space").prefetch_related("adoptions")
    rule = rules.filter(number=number).first()
    if rule is None:
        raise NotFound(f"There is no rule {number}.")
    return rule


def proposal_of(rule: DecisionRule) -> RuleProposal | None:
    """How a second person was asked for this version; None where nobody was."""
    return RuleProposal.objects.filter(rule=rule).first()


def proposals_for_me() -> int:
    """How many wait for the acting user's word; asked with every page."""
    actor = current_actor()
    if not settings.CALIBRATION_NEEDS_TWO or not actor.may("calibration.manage"):
        return 0
    waiting = RuleProposal.objects.filter(state=RuleProposal.State.OPEN)
    return waiting.exclude(rule__author_id=actor.id).count()


def _of_space(space_id: str | None) -> QuerySet[RuleAdoption]:
    return RuleAdoption.objects.filter(space=space_id)


def _elsewhere(adoption: RuleAdoption) -> RuleView:
    """Of a model that is not in use: its threshold means nothing now."""
    rule = adoption.rule
    return RuleView(
        rule=rule,
        words=shipped_words() if rule is None else rule_words(rule),
        threshold=None,
        figures=() if rule is None else figures_of(rule),
        is_of_this_model=False,
    )
