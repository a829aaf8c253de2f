"""Writes to enrolments: photos in, what the worker found, the answers, the confirmation."""

from portal.enrolment.services.approve import approve, decline, note_refusal, send_back
from portal.enrolment.services.draft import (
    add_photo,
    cancel_enrolment,
    choose_face,
    data_key_of,
    drop_photo,
    start_enrolment,
    vouch_for,
)
from portal.enrolment.services.examine import (
    ExaminedFace,
    Resembled,
    examination_failed,
    record_examination,
    redispatch_waiting,
)
from portal.enrolment.services.finish import confirm_enrolment
from portal.enrolment.services.frames import (
    WaitingFrame,
    forget_frames,
    frame_of_draft,
    frame_of_person,
    record_frame,
    reduced,
    take_result,
    waiting_frame,
)
from portal.enrolment.services.invite import (
    Invited,
    NewLink,
    create_invitation,
    invite_many,
    purge_invitations,
    renew_invitation,
    revoke_invitation,
)
from portal.enrolment.services.join import agree, note_opened, refuse, submit
from portal.enrolment.services.lookalikes import different_person, same_person
from portal.enrolment.services.mailing import mail_invitations
from portal.enrolment.services.purge import discard_drafts
from portal.enrolment.services.rejudge import rejudge

__all__ = [
    "ExaminedFace",
    "Invited",
    "NewLink",
    "Resembled",
    "WaitingFrame",
    "add_photo",
    "agree",
    "approve",
    "cancel_enrolment",
    "choose_face",
    "confirm_enrolment",
    "create_invitation",
    "data_key_of",
    "decline",
    "different_person",
    "discard_drafts",
    "drop_photo",
    "examination_failed",
    "forget_frames",
    "frame_of_draft",
    "frame_of_person",
    "invite_many",
    "mail_invitations",
    "note_opened",
    "note_refusal",
    "purge_invitations",
    "record_examination",
    "record_frame",
    "redispatch_waiting",
    "reduced",
    "refuse",
    "rejudge",
    "renew_invitation",
    "revoke_invitation",
    "same_person",
    "send_back",
    "start_enrolment",
    "submit",
    "take_result",
    "vouch_for",
    "waiting_frame",
]
