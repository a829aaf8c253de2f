"""Writes about privacy: retention and notice, the purge, exports, the master key."""

from portal.privacy.services.export import export_person
from portal.privacy.services.keys import rotate_master_key
from portal.privacy.services.purge import note_interactions, purge_everything
from portal.privacy.services.rules import change_notice, change_retention

__all__ = [
    "change_notice",
    "change_retention",
    "export_person",
    "note_interactions",
    "purge_everything",
    "rotate_master_key",
]
