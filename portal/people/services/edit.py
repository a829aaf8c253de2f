"""The edit form as one write: details and, where it changed, the legal hold."""

from __future__ import annotations

from django.db import transaction

from portal.people.models import Person
from portal.people.services.consent import set_legal_hold
from portal.people.services.person import PersonDetails, update_person

__all__ = ["edit_person"]


@transaction.atomic
def edit_person(
    person: Person, details: PersonDetails, *, legal_hold: bool | None = None, hold_reason: str = ""
) -> Person:
    """``legal_hold=None`` leaves it as it is, which everybody without ``privacy.manage`` does."""
    changed = update_person(person, details)
    if legal_hold is not None:
        changed = set_legal_hold(changed, legal_hold, reason=hold_reason)
    return changed
