"""A second person's word on a rule that somebody proposed."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import Actor, require
from portal.core.errors import NotFound
from portal.engines.models import RuleAdoption, RuleProposal
from portal.engines.services.refusals import OwnProposal, ProposalAnswered, RuleRefused
from portal.engines.services.saved import REASON_CHARACTERS, RuleSaved
from portal.engines.services.seen import require_unchanged
from portal.engines.services.versions import adopt, announce_rule, lock_rules, require_active

__all__ = ["approve_proposal", "refuse_proposal", "withdraw_proposal"]


@transaction.atomic
def approve_proposal(proposal_id: UUID, *, seen: int | None, answer: str = "") -> RuleSaved:
    """Take the proposed rule into force; ``seen`` is the number of the rule that was in force
    when the page was drawn. Only a user other than its author may.

    Raises ``OwnProposal``, ``ProposalAnswered``, ``RuleChanged``, and ``RuleRefused`` where
    another model is in use by now.
    """
    actor = require("calibration.manage")
    proposal = _open(proposal_id)
    rule = proposal.rule
    _require_second(actor, proposal)
    space = lock_rules(rule.space_id)
    require_active(space, origin=rule.origin)
    require_unchanged(space.pk, seen=seen)
    _answer(proposal, RuleProposal.State.APPROVED, actor=actor, answer=answer)
    adoption = adopt(rule, space=space, cause=RuleAdoption.Cause.APPROVED, reason=answer)
    return RuleSaved(rule, adoption=adoption, proposal=proposal)


@transaction.atomic
def refuse_proposal(proposal_id: UUID, *, answer: str) -> RuleProposal:
    """The proposed rule does not come into force; its author is to know why."""
    actor = require("calibration.manage")
    proposal = _open(proposal_id)
    _require_second(actor, proposal)
    if not answer.strip():
        raise RuleRefused(
            "Say why the proposal is refused: its author will want to know.",
            code="calibration.reason_missing",
        )
    _answer(proposal, RuleProposal.State.REFUSED, actor=actor, answer=answer)
    announce_rule()
    return proposal


@transaction.atomic
def withdraw_proposal(proposal_id: UUID) -> RuleProposal:
    """Its author thought better of it."""
    actor = require("calibration.manage")
    proposal = _open(proposal_id)
    if actor.id != proposal.rule.author_id:
        raise OwnProposal(
            f"{proposal.rule.author_label} proposed this, and can withdraw it. You can refuse it.",
            code="calibration.not_own_proposal",
        )
    _answer(proposal, RuleProposal.State.WITHDRAWN, actor=actor, answer="")
    announce_rule()
    return proposal


def _open(proposal_id: UUID) -> RuleProposal:
    proposal = (
        RuleProposal.objects.select_for_update(of=("self",))
        .select_related("rule")
        .filter(pk=proposal_id)
        .first()
    )
    if proposal is None:
        raise NotFound("There is no such proposal.")
    if proposal.state != RuleProposal.State.OPEN:
        raise ProposalAnswered(
            f"Nothing was changed: {proposal.answered_by} answered this proposal already "
            f"({proposal.get_state_display().lower()}).",
            data={"state": proposal.state},
        )
    return proposal


def _require_second(actor: Actor, proposal: RuleProposal) -> None:
    """A command can prove no second person, whoever types it."""
    if actor.kind != "user" or actor.id == proposal.rule.author_id:
        raise OwnProposal(
            "A rule needs a second person: somebody else who may change it, signed in to the "
            "portal, approves or refuses it. You can withdraw what you proposed."
        )


def _answer(proposal: RuleProposal, state: str, *, actor: Actor, answer: str) -> None:
    proposal.state, proposal.answer = state, answer.strip()[:REASON_CHARACTERS]
    proposal.answered_by_id, proposal.answered_by = actor.id, actor.label
    proposal.answered_at = timezone.now()
    proposal.save()
    record(
        f"calibration.proposal.{state}",
        target=proposal,
        before={"state": str(RuleProposal.State.OPEN)},
        after={"state": str(state), "rule": proposal.rule.number},
        reason=proposal.answer,
    )
