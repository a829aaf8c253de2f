"""The same change to many people: one transaction, one act that takes all of it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from django.db import models, transaction
from django.utils import timezone

from portal.core.context import require
from portal.core.errors import DomainError
from portal.journal.models import Act
from portal.journal.registry import undoes
from portal.journal.services import note_act, undo_act
from portal.organisation.models import Site
from portal.organisation.services import department_at
from portal.people.models import Person
from portal.people.services.person import reinstate_locked
from portal.people.services.place import place_person
from portal.people.services.remove import mark_left, remove_person
from portal.people.services.revision import one_revision
from portal.people.services.status import change_status, in_the_way, lock_living

__all__ = ["MOST_AT_ONCE", "BulkAction", "BulkChange", "BulkOutcome", "change_people"]

# A few seconds of work, during which nobody else can write to an SQLite database.
MOST_AT_ONCE: Final = 1_000
_ACT: Final = "people.bulk"


class BulkAction(models.TextChoices):
    """What can be done to many people; the label says what was done."""

    SUSPEND = "suspend", "suspended"
    REINSTATE = "reinstate", "reinstated"
    LEFT = "left", "marked as left"
    MOVE = "move", "moved"
    REMOVE = "remove", "removed"


@dataclass(frozen=True, slots=True)
class BulkChange:
    """``last_day`` belongs to leaving, ``site`` and ``department`` (a path) to moving."""

    action: BulkAction
    reason: str = ""
    last_day: date | None = None
    site: Site | None = None
    department: str = ""


@dataclass(slots=True)
class BulkOutcome:
    """``refused`` holds a person's name and the reason; ``act`` undoes all that was changed."""

    changed: int = 0
    unchanged: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    act: Act | None = None


@transaction.atomic
def change_people(people: Sequence[Person], change: BulkChange) -> BulkOutcome:
    """Change all of them; whoever cannot be changed is told with the reason, and stays.

    Raises ``DomainError`` ``bulk.too_many`` above ``MOST_AT_ONCE``.
    """
    require("people.manage")
    if len(people) > MOST_AT_ONCE:
        raise DomainError(
            f"These are {len(people):,} people; at most {MOST_AT_ONCE:,} can be changed at once. "
            "Narrow the list with a filter, and repeat.",
            code="bulk.too_many",
        )
    step = _step(change)
    outcome, acts = BulkOutcome(), []
    with one_revision():
        for person in people:
            try:
                with transaction.atomic():
                    act = step(person)
            except DomainError as error:
                outcome.refused.append((person.name, error.message))
                continue
            if act is None:
                outcome.unchanged += 1
            else:
                acts.append(act)
    outcome.changed = len(acts)
    if len(acts) > 1:
        outcome.act = note_act(
            _ACT,
            f"{len(acts)} people {change.action.label}",
            data={"acts": [str(act.pk) for act in acts]},
            person_id=None,
        )
    elif acts:
        outcome.act = acts[0]
    return outcome


def _step(change: BulkChange) -> Callable[[Person], Act | None]:
    """What is done to each person."""
    match change.action:
        case BulkAction.SUSPEND:
            return lambda person: change_status(
                lock_living(person),
                Person.Status.SUSPENDED,
                action="suspended",
                reason=change.reason,
            )
        case BulkAction.REINSTATE:
            return lambda person: reinstate_locked(lock_living(person))
        case BulkAction.LEFT:
            last_day = change.last_day or timezone.localdate()
            return lambda person: mark_left(person, last_day, reason=change.reason)
        case BulkAction.REMOVE:
            return lambda person: remove_person(person, reason=change.reason)
        case BulkAction.MOVE:
            site = change.site
            if site is None:
                raise DomainError("Choose the site to move to.", code="bulk.site")
            department = department_at(site, change.department)
            return lambda person: place_person(person, site=site, department=department)


@undoes(
    _ACT,
    label="Change of many people",
    effect="Each of them is as before, but for whoever was changed again since.",
)
def _undo_bulk(act: Act) -> None:
    ids = act.data["acts"]
    undone, refused = 0, None
    with one_revision():
        for one in Act.objects.filter(pk__in=ids, undone_at=None):
            try:
                with transaction.atomic():
                    undo_act(one)
                undone += 1
            except DomainError as error:
                refused = error
    if not undone:
        raise refused or in_the_way("All of it was undone one by one already.")
    if undone < len(ids):
        act.title = f"{act.title} (undone for {undone})"[:200]
        act.save(update_fields=["title"])
