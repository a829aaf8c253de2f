"""Writes about engines: what workers report, and which rule decides.

Public surface: ``register_space``, ``report_worker``, ``report_worker_alive``; ``save_rule`` of a
``SavedRule``, ``go_back``, ``adopt_switched`` with ``RuleSaved``; ``approve_proposal``,
``refuse_proposal``, ``withdraw_proposal``; ``seen_field`` with ``seen_of``; the refusals.
"""

from portal.engines.services.go_back import adopt_switched, go_back
from portal.engines.services.proposals import (
    approve_proposal,
    refuse_proposal,
    withdraw_proposal,
)
from portal.engines.services.refusals import (
    OwnProposal,
    ProposalAnswered,
    RuleChanged,
    RuleRefused,
)
from portal.engines.services.save_rule import save_rule
from portal.engines.services.saved import RuleSaved, SavedRule
from portal.engines.services.seen import seen_field, seen_of
from portal.engines.services.workers import register_space, report_worker, report_worker_alive

__all__ = [
    "OwnProposal",
    "ProposalAnswered",
    "RuleChanged",
    "RuleRefused",
    "RuleSaved",
    "SavedRule",
    "adopt_switched",
    "approve_proposal",
    "go_back",
    "refuse_proposal",
    "register_space",
    "report_worker",
    "report_worker_alive",
    "save_rule",
    "seen_field",
    "seen_of",
    "withdraw_proposal",
]
