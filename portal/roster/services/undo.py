"""Taking a whole import back, but for what was changed since."""

from __future__ import annotations

import json
from datetime import date, datetime
from uuid import UUID

from portal.audit.services import record
from portal.core.errors import DomainError
from portal.core.vault import VaultError, vault
from portal.journal.models import Act
from portal.journal.registry import forgets, undoes
from portal.organisation.models import Site
from portal.organisation.services import department_at
from portal.people.changes import What, tell
from portal.people.models import FaceImage, Person
from portal.people.services import remove_person, remove_photo
from portal.people.services.former_places import forget_move
from portal.roster.models import RosterImport, RosterPhoto, RosterRow
from portal.roster.planning import PersonNow
from portal.roster.services.apply import BEFORE
from portal.roster.services.lifecycle import ACT

__all__: list[str] = []

_WHY = "The import that brought it was undone"


@undoes(
    ACT,
    label="Roster imported",
    effect="People who came with it are removed, changed details are as they were, and photos "
    "that it added to others are deleted. What was changed since is left alone.",
)
def _undo(act: Act) -> None:
    roster = RosterImport.objects.select_for_update().filter(pk=act.data["roster"]).first()
    if roster is None:
        raise DomainError(
            "The import is no longer kept, so it cannot be undone.",
            code="journal.in_the_way",
            http_status=409,
        )
    counts = {"removed": 0, "restored": 0, "photos": 0, "left_alone": 0}
    rows = roster.rows.filter(outcome__in=["new", "changed"], person__isnull=False)
    for row in rows.order_by("-line"):
        # One by one, since one import may hold a person in more than one of the queries below.
        _undo_row(row, counts)
    record("roster.undone", target=roster, after=counts)


def _undo_row(row: RosterRow, counts: dict[str, int]) -> None:
    person = Person.objects.select_for_update().filter(roster_rows=row).first()
    if person is None or person.status not in Person.LIVING:
        _leave(row, counts, "the person is no longer in the lists")
        return
    if row.outcome == RosterRow.Outcome.NEW:
        remove_person(person, reason=_WHY)
        counts["removed"] += 1
        return
    used = [RosterPhoto.Verdict.USED, RosterPhoto.Verdict.SET_ASIDE]
    for photo in row.photos.filter(verdict__in=used, image__isnull=False).select_related("image"):
        image = photo.image
        # Moved to somebody else since, it is that person's.
        if image and image.person_id == person.pk and image.state != FaceImage.State.REMOVED:
            remove_photo(image, reason=_WHY)
            counts["photos"] += 1
    if row.sealed_before:
        _restore(row, person, counts)


def _restore(row: RosterRow, person: Person, counts: dict[str, int]) -> None:
    try:
        held = json.loads(vault().open(bytes(row.sealed_before), purpose=BEFORE))
    except VaultError:
        _leave(row, counts, "what was before cannot be read any more")
        return
    before, after = held["before"], held["after"]
    now = PersonNow.of(person, has_consent=True)
    current = {
        "name": now.name,
        "email": now.email,
        "department": now.department,
        "site": str(now.site_id),
        "employed_from": now.employed_from,
        "employed_to": now.employed_to,
        "status": now.status,
    }
    changed_since = sorted(name for name in after if current[name] != after[name])
    restored = {name: value for name, value in before.items() if name not in changed_since}
    _put_back(person, restored, moved_at=row.roster.created_at)
    if restored:
        counts["restored"] += 1
        record("people.person.updated", target=person, after={"fields": sorted(restored)})
    if changed_since:
        _leave(row, counts, f"changed since: {', '.join(changed_since)}")
    if restored.get("status") == Person.Status.REMOVED:
        remove_person(person, reason=_WHY)


def _put_back(person: Person, values: dict[str, str], *, moved_at: datetime) -> None:
    if "site" in values:
        person.site = Site.objects.get(pk=UUID(values["site"]))
    if "department" in values or "site" in values:
        path = values.get("department", str(person.department or ""))
        person.department = department_at(person.site, path)
    for name in ("name", "email"):
        if name in values:
            setattr(person, name, values[name])
    for name in ("employed_from", "employed_to"):
        if name in values:
            setattr(person, name, date.fromisoformat(values[name]) if values[name] else None)
    person.save()
    if {"site", "department"} & values.keys():
        forget_move(person, moved_at=moved_at)
    if {"employed_from", "employed_to"} & values.keys():
        tell(person.pk, what=What.EMPLOYMENT, first=person.employed_from)


def _leave(row: RosterRow, counts: dict[str, int], why: str) -> None:
    counts["left_alone"] += 1
    row.reason = f"Left alone when the import was undone: {why}."[:500]
    row.save(update_fields=["reason"])


@forgets(ACT)
def _forget(act: Act) -> None:
    RosterImport.objects.filter(pk=act.data["roster"]).delete()
