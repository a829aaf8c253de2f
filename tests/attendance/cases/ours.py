"""Cases beyond the specification: what it leaves open, and what a mutated engine got past it."""

from __future__ import annotations

from tests.attendance.cases.ours_minutes import OF_MINUTES
from tests.attendance.cases.ours_placing import OF_PLACING
from tests.attendance.cases.ours_verdicts import OF_VERDICTS
from tests.attendance.notation import Case

__all__ = ["OURS"]

OURS: tuple[Case, ...] = (*OF_PLACING, *OF_MINUTES, *OF_VERDICTS)
