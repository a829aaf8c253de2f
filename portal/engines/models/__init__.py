"""Embedding spaces, the rules that decide in them, and what each worker last said of itself."""

from portal.engines.models.rule import DecisionRule, RuleAdoption, RuleProposal
from portal.engines.models.space import Space, SpaceAdoption
from portal.engines.models.worker import WorkerReport

__all__ = [
    "DecisionRule",
    "RuleAdoption",
    "RuleProposal",
    "Space",
    "SpaceAdoption",
    "WorkerReport",
]
