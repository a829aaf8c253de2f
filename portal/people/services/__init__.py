"""Writes to people, to the consent that their faces are kept under, and to what recognition knows
of them."""

from portal.people.services.bulk import BulkAction, BulkChange, BulkOutcome, change_people
from portal.people.services.consent import (
    Withdrawal,
    expire_consents,
    publish_text,
    record_consent,
    set_legal_hold,
    withdraw_consent,
)
from portal.people.services.credential import (
    issue_pin,
    issue_qr,
    revoke_credential,
    verify_credential,
)
from portal.people.services.edit import edit_person
from portal.people.services.erase import erase_person
from portal.people.services.export import ExportKind, export_people
from portal.people.services.gallery import NewFace, add_face, person_key
from portal.people.services.merge import merge_people
from portal.people.services.merge_plan import Merge, plan_merge
from portal.people.services.move import move_photo
from portal.people.services.person import (
    Employment,
    PersonDetails,
    create_person,
    reinstate_person,
    suspend_person,
    update_person,
)
from portal.people.services.photo import remove_photo, set_aside, take_in
from portal.people.services.place import place_person
from portal.people.services.remove import (
    leave_when_due,
    mark_left,
    remove_person,
    restore_person,
)
from portal.people.services.saved_filter import delete_filter, save_filter
from portal.people.services.unmerge import undo_merge

__all__ = [
    "BulkAction",
    "BulkChange",
    "BulkOutcome",
    "Employment",
    "ExportKind",
    "Merge",
    "NewFace",
    "PersonDetails",
    "Withdrawal",
    "add_face",
    "change_people",
    "create_person",
    "delete_filter",
    "edit_person",
    "erase_person",
    "expire_consents",
    "export_people",
    "issue_pin",
    "issue_qr",
    "leave_when_due",
    "mark_left",
    "merge_people",
    "move_photo",
    "person_key",
    "place_person",
    "plan_merge",
    "publish_text",
    "record_consent",
    "reinstate_person",
    "remove_person",
    "remove_photo",
    "restore_person",
    "revoke_credential",
    "save_filter",
    "set_aside",
    "set_legal_hold",
    "suspend_person",
    "take_in",
    "undo_merge",
    "update_person",
    "verify_credential",
    "withdraw_consent",
]
