"""Where people belong: another site or department, and the way back."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from portal.audit.services import record
from portal.core.context import require
from portal.journal.models import Act
from portal.journal.registry import undoes
from portal.journal.services import note_act
from portal.organisation.models import Department, Site
from portal.people.models import Person
from portal.people.services.former_places import forget_move, note_move, place_of
from portal.people.services.status import in_the_way, lock_living

__all__ = ["place_person"]

_ACT: Final = "people.place"


@transaction.atomic
def place_person(person: Person, *, site: Site, department: Department | None) -> Act | None:
    """Move ``person`` there; None where they are there already."""
    require("people.manage")
    person = lock_living(person)
    before, left = _place(person), place_of(person)
    person.site, person.department = site, department
    after = _place(person)
    if before == after:
        return None
    person.save(update_fields=["site", "department", "updated_at"])
    note_move(person, left=left)
    act = note_act(
        _ACT,
        f"{person.name} was moved to {department or site}",
        data={"before": before, "after": after},
        person_id=person.pk,
    )
    record("people.person.moved", target=person, before=before, after=after)
    return act


@undoes(_ACT, label="Moved to another place", effect="The person is back where they were.")
def _undo_place(act: Act) -> None:
    person = Person.objects.select_for_update().filter(pk__in=[act.person_id]).first()
    if person is None:
        raise in_the_way("The person was erased for good since.")
    before, after = act.data["before"], act.data["after"]
    if person.status not in Person.LIVING or _place(person) != after:
        raise in_the_way(f"{person.name} was moved or removed again since. Undo that first.")
    if not Site.objects.filter(pk=before["site"]).exists() or (
        before["department"] and not Department.objects.filter(pk=before["department"]).exists()
    ):
        raise in_the_way("The place where the person was no longer exists.")
    person.site_id, person.department_id = before["site"], before["department"]
    person.save(update_fields=["site", "department", "updated_at"])
    forget_move(person, moved_at=act.created_at)
    record("people.person.moved", target=person, before=after, after=before)


def _place(person: Person) -> dict[str, str | None]:
    department = person.department_id
    return {
        "site": str(person.site_id),
        "department": str(department) if department else None,
    }
