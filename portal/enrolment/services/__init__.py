"""Writes to enrolments: photos in, what the worker found, the confirmation."""

from portal.enrolment.services.draft import (
    add_photo,
    cancel_enrolment,
    choose_face,
    data_key_of,
    drop_photo,
    purge_drafts,
    start_enrolment,
)
from portal.enrolment.services.examine import (
    ExaminedFace,
    examination_failed,
    record_examination,
    redispatch_waiting,
)
from portal.enrolment.services.finish import confirm_enrolment

__all__ = [
    "ExaminedFace",
    "add_photo",
    "cancel_enrolment",
    "choose_face",
    "confirm_enrolment",
    "data_key_of",
    "drop_photo",
    "examination_failed",
    "purge_drafts",
    "record_examination",
    "redispatch_waiting",
    "start_enrolment",
]
