"""What the engine does that a rule file cannot say. Public surface: ``BEHAVIOURS``."""

from __future__ import annotations

from tests.attendance import behaviours_of_days, behaviours_of_plans
from tests.attendance.behaving import BEHAVIOURS

__all__ = ["BEHAVIOURS", "behaviours_of_days", "behaviours_of_plans"]
