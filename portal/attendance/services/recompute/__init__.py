"""Days computed anew. Public surface: see ``__all__``."""

from portal.attendance.services.recompute.clock import is_night_missed, mark_due, mark_recent
from portal.attendance.services.recompute.people import Outcome, recompute_people
from portal.attendance.services.recompute.preview import Preview, preview_recompute
from portal.attendance.services.recompute.queue import has_stale, recompute_stale

__all__ = [
    "Outcome",
    "Preview",
    "has_stale",
    "is_night_missed",
    "mark_due",
    "mark_recent",
    "preview_recompute",
    "recompute_people",
    "recompute_stale",
]
