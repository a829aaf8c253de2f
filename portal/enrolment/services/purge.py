"""Deleting enrolments that nobody finished or approved in time."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from portal.core.context import require
from portal.core.vault import vault
from portal.enrolment.models import Enrolment
from portal.enrolment.services.draft import keys_of

__all__ = ["discard_drafts"]


def discard_drafts(drafts: Iterable[Enrolment]) -> int:
    """Delete these with all their pictures, each in a transaction of its own; returns how many."""
    require("people.manage")
    return sum(_discard(draft) for draft in list(drafts))


@transaction.atomic
def _discard(draft: Enrolment) -> bool:
    """False where it was confirmed or given up in the meantime."""
    locked = Enrolment.objects.select_for_update().filter(pk=draft.pk, state=draft.state).first()
    if locked is None:
        return False
    keys = keys_of(locked.photos.all())
    person_id, data_key_id = locked.person_id, locked.data_key_id
    locked.delete()
    if person_id is None and data_key_id is not None:
        vault().keys.destroy(data_key_id)
    transaction.on_commit(lambda: vault().delete_all(keys), robust=True)
    return True
