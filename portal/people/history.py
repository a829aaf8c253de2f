"""What the audit log says of a person, in words."""

from __future__ import annotations

from typing import Final

__all__ = ["words_of"]

_WORDS: Final = {
    "enrolment.confirmed": "Enrolled",
    "enrolment.lookalike.different": "Told apart from a look-alike",
    "people.consent.recorded": "Recorded the consent",
    "people.consent.withdrawn": "Withdrew the consent",
    "people.credential.issued": "Gave a PIN or QR code",
    "people.credential.revoked": "Took a PIN or QR code back",
    "people.person.created": "Added the person",
    "people.person.exported": "Exported the person's data",
    "people.person.leaving": "Noted the last day",
    "people.person.left": "Marked as left",
    "people.person.legal_hold": "Changed the legal hold",
    "people.person.merged": "Merged with another entry",
    "people.person.moved": "Moved to another place",
    "people.person.reinstated": "Reinstated",
    "people.person.removed": "Removed",
    "people.person.restored": "Brought back",
    "people.person.status_restored": "Undid a change of state",
    "people.person.suspended": "Suspended",
    "people.person.unmerged": "Took a merge back",
    "people.person.updated": "Changed the details",
    "people.photo.added": "Added a photo",
    "people.photo.moved": "Moved a photo",
    "people.photo.moved_back": "Moved a photo back",
    "people.photo.removed": "Deleted a photo",
    "people.photo.set_aside": "Set a photo aside",
    "people.photo.state_restored": "Undid a change of a photo",
    "people.photo.taken_in": "Took a photo into use",
    "people.photo.viewed": "Looked at the photos",
    "sightings.face.viewed": "Looked at a camera crop",
    "sightings.picture.viewed": "Looked at a whole picture",
}


def words_of(action: str) -> str:
    """The action for people to read; one that is not known here by its own name."""
    return _WORDS.get(action) or action.replace("_", " ").replace(".", " ").capitalize()
