"""What another threshold changes, in words. Public surface: ``change_words``."""

from __future__ import annotations

from portal.calibration.figures import RuleFigure
from portal.calibration.words import one_in_of, percent

__all__ = ["change_words"]

# Less than this is the same threshold to whoever reads three places.
_SAME = 5e-4


def change_words(before: RuleFigure, after: RuleFigure) -> str:
    """ "The threshold rises from 0.400 to 0.450: 1 in 300 strangers named becomes …"."""
    change = after.threshold - before.threshold
    if abs(change) < _SAME:
        return "The threshold in force is right for this already; saving only writes down why."
    said = (
        f"The threshold {'rises' if change > 0 else 'falls'} from {before.threshold:.3f} to "
        f"{after.threshold:.3f}."
    )
    if before.strangers is not None and after.strangers is not None:
        said += (
            f" Strangers named: {one_in_of(before.strangers.rate.value, 'strangers')} before, "
            f"{one_in_of(after.strangers.rate.value, 'strangers')} after."
        )
    if before.missed is not None and after.missed is not None:
        said += (
            f" Enrolled people missed: {percent(before.missed.rate.value)} before, "
            f"{percent(after.missed.rate.value)} after."
        )
    return said
