"""Writes to people (``person``) and to what recognition knows of them (``gallery``)."""

from portal.people.services.gallery import NewFace, add_face, person_key, remove_photo
from portal.people.services.person import (
    PersonDetails,
    create_person,
    erase_person,
    record_consent,
    reinstate_person,
    suspend_person,
    update_person,
)

__all__ = [
    "NewFace",
    "PersonDetails",
    "add_face",
    "create_person",
    "erase_person",
    "person_key",
    "record_consent",
    "reinstate_person",
    "remove_photo",
    "suspend_person",
    "update_person",
]
