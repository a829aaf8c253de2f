"""Writes of hygiene: a scan asked for, what it found, and the answers of those who looked."""

from portal.hygiene.services.answer import dismiss, reopen, tell_apart
from portal.hygiene.services.pairs import FoundPair, note_pairs
from portal.hygiene.services.scan import Found, ask_for_scan, record_scan

__all__ = [
    "Found",
    "FoundPair",
    "ask_for_scan",
    "dismiss",
    "note_pairs",
    "record_scan",
    "reopen",
    "tell_apart",
]
