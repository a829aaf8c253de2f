"""Why a rule is not saved, approved or taken back."""

from __future__ import annotations

from portal.core.errors import DomainError

__all__ = ["OwnProposal", "ProposalAnswered", "RuleChanged", "RuleRefused"]


class RuleRefused(DomainError):
    """No decision can follow these numbers, or nothing says why, or they are of another model."""

    code = "calibration.rule_out_of_range"
    http_status = 422


class RuleChanged(DomainError):
    """The rule in force is not the one that the page showed."""

    code = "calibration.rule_changed"
    http_status = 409


class ProposalAnswered(DomainError):
    """It was approved, refused or withdrawn already."""

    code = "calibration.proposal_answered"
    http_status = 409


class OwnProposal(DomainError):
    """The second person must be another one."""

    code = "calibration.own_proposal"
    http_status = 403
