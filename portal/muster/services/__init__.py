"""Writes of roll-calls."""

from portal.muster.services.follow import follow_musters
from portal.muster.services.mark import MOST_AT_ONCE, Mark, Outcome, add_person, mark_people
from portal.muster.services.start import end_muster, start_muster

__all__ = [
    "MOST_AT_ONCE",
    "Mark",
    "Outcome",
    "add_person",
    "end_muster",
    "follow_musters",
    "mark_people",
    "start_muster",
]
