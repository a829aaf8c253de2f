"""What somebody says of single visits: right, not X, somebody else.

Public surface: ``confirm_visits``, ``refuse_visit``, ``name_visit``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import transaction

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.journal.models import Act
from portal.journal.registry import undoes
from portal.people.models import Person
from portal.people.selectors import living_entries
from portal.people.services.status import lock_living
from portal.review.models import Anchor
from portal.review.services.anchoring import anchor_visit, refusals_of
from portal.review.services.change import Change, take_back
from portal.review.services.settling import NAMED, leave_stranger, settle
from portal.review.services.subjects import lock_person, lock_visits, settled_already
from portal.sightings.models import RecognisedFace, Visit

__all__ = ["confirm_visits", "name_visit", "refuse_visit"]

_Settled = Visit.Settled
_SUGGESTING: Final = frozenset({RecognisedFace.Decision.MATCH, RecognisedFace.Decision.UNCERTAIN})


@transaction.atomic
def confirm_visits(visits: Iterable[Visit]) -> Act:
    """Yes: each is the person whom Gatehouse suggests. All of them or none."""
    require("review.decide")
    locked, change = lock_visits(visits), Change()
    people: dict[UUID, Person] = {}
    for visit in locked:
        if visit.settled_as:
            raise settled_already(visit)
        person_id = _suggested(visit)
        if person_id is None:
            raise DomainError(
                "Nobody is suggested for this visit, so there is nothing to confirm. Say who it is.",
                code="review.no_suggestion",
            )
        if person_id not in people:
            person = Person.objects.filter(pk=person_id).first()
            if person is None:
                raise _gone()
            people[person_id] = lock_living(person)
        settle(change, visit, _Settled.CONFIRMED, person_id=person_id)
        leave_stranger(change, visit)
    only = next(iter(people.values())) if len(people) == 1 else None
    named = f"as {only.name}" if only else f"as {len(people)} people"
    act = change.note(
        "review.confirm",
        f"{_counted(locked)} confirmed {named}",
        person_id=only.pk if only else None,
    )
    record(
        "review.visit.confirmed",
        after={"visits": [str(one.pk) for one in locked], "people": [str(pk) for pk in people]},
    )
    return act


@transaction.atomic
def refuse_visit(visit: Visit, person: Person) -> Act:
    """It is not ``person``, and whoever looks like this never is: an anchor keeps it so."""
    require("review.decide")
    (locked,), change = lock_visits([visit]), Change()
    _may_be_refused(locked, person)
    _refuse(change, locked, person.pk)
    act = change.note("review.refuse", f"A visit is not {person.name}", person_id=person.pk)
    record("review.visit.refused", target=person, after={"visit": str(locked.pk)})
    return act


@transaction.atomic
def name_visit(visit: Visit, person: Person) -> Act:
    """It is ``person``, and not whom Gatehouse took it for."""
    require("review.decide")
    (locked,), change = lock_visits([visit]), Change()
    person = lock_person(person)
    if locked.settled_as and locked.settled_as != _Settled.REFUSED:
        raise settled_already(locked)
    if refusals_of([locked], person.pk):
        raise DomainError(
            f"Somebody said of this visit that it is not {person.name}. Undo that in the journal "
            "first.",
            code="review.contradiction",
            http_status=409,
        )
    suggested = None if locked.settled_as else _suggested(locked)
    is_known = suggested is not None and Person.objects.filter(pk=suggested).exists()
    if is_known and suggested != person.pk:
        anchor_visit(locked, Anchor.Kind.NOT_PERSON, change, person_id=suggested)
    settle(change, locked, _Settled.ASSIGNED, person_id=person.pk)
    leave_stranger(change, locked)
    other_id = suggested if is_known and suggested != person.pk else None
    act = change.note(
        "review.name", f"A visit is {person.name}", person_id=person.pk, other_id=other_id
    )
    record("review.visit.named", target=person, after={"visit": str(locked.pk)})
    return act


def _may_be_refused(visit: Visit, person: Person) -> None:
    if visit.settled_as in NAMED and visit.person_id == person.pk:
        return
    if visit.settled_as:
        raise settled_already(visit)
    if _suggested(visit) == person.pk:
        return
    # An anchor of who is merely less unlike would stand for good, and the visit would be settled
    # without the one whom it was about.
    if any(str(one[0]) == str(person.pk) for one in visit.candidates):
        raise DomainError(
            f"Gatehouse does not take this visit for {person.name}: somebody else is likelier. Look "
            "again.",
            code="review.changed",
            http_status=409,
        )
    raise DomainError(
        f"Nobody takes this visit for {person.name}, so there is nothing to refuse.",
        code="review.no_suggestion",
    )


def _refuse(change: Change, visit: Visit, person_id: UUID) -> None:
    anchor_visit(visit, Anchor.Kind.NOT_PERSON, change, person_id=person_id)
    settle(change, visit, _Settled.REFUSED, person_id=None)


def _suggested(visit: Visit) -> UUID | None:
    """Whom the decision names, or took for whoever was merged since; a visit of somebody unknown
    suggests nobody."""
    if visit.person_id is not None:
        return visit.person_id
    if visit.decision not in _SUGGESTING or not visit.candidates:
        return None
    likely = UUID(str(visit.candidates[0][0]))
    return living_entries([likely]).get(likely, likely)


def _counted(visits: list[Visit]) -> str:
    return "A visit" if len(visits) == 1 else f"{len(visits)} visits"


def _gone() -> DomainError:
    return DomainError(
        "The person whom this looked like was erased since. Say who it is.",
        code="person.erased",
        http_status=409,
    )


@undoes(
    "review.confirm",
    label="Visits confirmed",
    effect="They wait to be confirmed again.",
    permission="review.decide",
)
@undoes(
    "review.refuse",
    label="Visit refused",
    effect="It is as if nobody had said that it is not this person.",
    permission="review.decide",
)
@undoes(
    "review.name",
    label="Visit named",
    effect="The visit is again what it was before.",
    permission="review.decide",
)
def _undo(act: Act) -> None:
    take_back(act)
    record(f"{act.kind}_undone", after={"act": str(act.pk)})
