"""Writes to rosters: taken in, their columns named, looked at, applied, taken back, forgotten."""

from portal.roster.services.apply import apply_row, begin_apply, pending_rows, stop_roster
from portal.roster.services.check import run_check
from portal.roster.services.lease import claim_busy, ring_waiting
from portal.roster.services.lifecycle import close_roster, discard_roster, purge_rosters
from portal.roster.services.results import Crop, ExaminedPhoto
from portal.roster.services.take_in import confirm_columns, take_in

__all__ = [
    "Crop",
    "ExaminedPhoto",
    "apply_row",
    "begin_apply",
    "claim_busy",
    "close_roster",
    "confirm_columns",
    "discard_roster",
    "pending_rows",
    "purge_rosters",
    "ring_waiting",
    "run_check",
    "stop_roster",
    "take_in",
]
