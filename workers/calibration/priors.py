"""What is known of a model before a site has scores of its own. Public surface: ``prior_of``."""

from __future__ import annotations

from recognition.calibration import SHIPPED_PRIOR, ModelPrior
from recognition.config import DEFAULT_MODEL

__all__ = ["prior_of"]


def prior_of(model_id: str) -> ModelPrior | None:
    """None for every model but the shipped one: nobody has measured it."""
    return SHIPPED_PRIOR if model_id == DEFAULT_MODEL else None
