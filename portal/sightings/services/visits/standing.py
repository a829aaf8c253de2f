"""What is decided about a visit, put into its row. Public surface: ``Verdict``, ``verdict_of``,
``apply_verdict``."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from uuid import UUID

from django.utils import timezone

from portal.sightings.models import Visit
from recognition.contracts import Decision
from recognition.visits import Standing, rank_of

__all__ = ["Verdict", "apply_verdict", "verdict_of"]

_PERSON_GONE = "person_gone"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A standing after it was asked again who may be named."""

    decision: Decision
    is_confirmed: bool
    agreeing: int

    @property
    def name(self) -> str | None:
        return self.decision.person_id if self.decision.kind == "match" else None

    @property
    def candidates(self) -> list[list[object]]:
        return [[c.person_id, float(c.score)] for c in self.decision.candidates]


def verdict_of(standing: Standing, *, living: AbstractSet[str]) -> Verdict:
    """``living`` are those of the named whom a match may still name."""
    decision, is_confirmed = standing.decision, standing.is_confirmed
    if standing.name is not None and standing.name not in living:
        decision = replace(decision, kind="unknown", reason=_PERSON_GONE, person_id=None)
        is_confirmed = False
    return Verdict(decision, is_confirmed, standing.agreeing)


def apply_verdict(
    visit: Visit, verdict: Verdict, *, rule_id: UUID | None, may_weaken: bool
) -> None:
    """What a human settled stays. Without ``may_weaken`` (others have seen faces of this visit that
    the verdict does not rest on) only a verdict that says more is taken over.
    """
    if visit.settled_as:
        return
    before = str(visit.person_id) if visit.person_id else None
    if not may_weaken:
        rank = rank_of(verdict.decision.kind, is_confirmed=verdict.is_confirmed)
        held = rank_of(visit.decision, is_confirmed=visit.is_confirmed)
        if rank <= held:
            return
    now = timezone.now()
    decision = verdict.decision
    if verdict.name is None:
        visit.named_at = visit.confirmed_at = None
    elif verdict.name != before or visit.named_at is None:
        visit.named_at, visit.confirmed_at = now, None
    visit.confirmed_at = (visit.confirmed_at or now) if verdict.is_confirmed else None
    visit.decision, visit.reason = decision.kind, decision.reason
    visit.is_confirmed = verdict.is_confirmed
    visit.person_id = verdict.name
    visit.score, visit.margin, visit.threshold = (
        decision.score,
        decision.margin,
        decision.threshold,
    )
    visit.rule_id = rule_id
    visit.candidates = verdict.candidates
    visit.faces_agreeing = verdict.agreeing
