"""The threshold of a measurement, as a what-if tries it.

Public surface: ``choice_for``, ``is_choice``, ``measured_of``.
"""

from __future__ import annotations

from typing import Final

from portal.calibration.models import WhatIf
from portal.calibration.selectors.runs import Measured, measured_run
from portal.engines.selectors import moved_threshold

__all__ = ["choice_for", "is_choice", "measured_of"]

# The form shows three digits, and its number comes back so.
_ROUNDING: Final = 5e-4 + 1e-9


def choice_for(measured: Measured, *, gallery_size: int) -> float | None:
    """What the measurement chose, for a gallery of this many people: moved just as the rule is
    that is saved from it. None where it found no threshold."""
    figures, space = measured.figures, measured.run.space
    if figures.chosen is None:
        return None
    if space is None or not space.is_shipped:
        return figures.chosen.threshold
    return moved_threshold(
        figures.chosen.threshold,
        chosen_for=figures.gallery_size,
        gallery_size=gallery_size,
        stranger_rate=figures.wish.fpir,
    )


def is_choice(threshold: float, measured: Measured, *, gallery_size: int) -> bool:
    """Whether it is what was measured, and not moved by hand."""
    chosen = choice_for(measured, gallery_size=gallery_size)
    return chosen is not None and abs(threshold - chosen) <= _ROUNDING


def measured_of(what_if: WhatIf) -> Measured | None:
    """The measurement that the rule tried rests on; None for a rule said by hand."""
    if what_if.run_id is None:
        return None
    measured = measured_run(what_if.run_id)
    size = what_if.summary["gallery_size"]
    return measured if is_choice(what_if.threshold, measured, gallery_size=size) else None
