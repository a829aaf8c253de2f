"""“It is X”: strangers get a name, and where wanted X a new reference.

Public surface: ``assign_strangers``, ``follow_enrolments``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.db import transaction

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.enrolment.models import Enrolment
from portal.jobs.dispatch import dispatch_on_commit
from portal.journal.models import Act
from portal.journal.registry import undoes
from portal.people.models import Person
from portal.review.models import Stranger
from portal.review.services.anchoring import refusals_of
from portal.review.services.change import Change, take_back
from portal.review.services.reference import choose_reference, drop_reference
from portal.review.services.settling import not_named_yet, settle, visits_of
from portal.review.services.subjects import lock_person, lock_strangers
from portal.sightings.models import Visit

__all__ = ["ASSIGN_ACT", "assign_strangers", "follow_enrolments"]

ASSIGN_ACT: Final = "review.assign"
_State = Stranger.State
_OPEN_FOR: Final = (_State.OPEN, _State.WATCHED, _State.IGNORED)


@transaction.atomic
def assign_strangers(
    strangers: Iterable[Stranger], person: Person, *, add_reference: bool = False
) -> Act:
    """All visits of these strangers are ``person``'s, but for those that somebody named already:
    how many these are is in the act's ``data["left"]``.

    With ``add_reference`` the best face is added to the gallery too, which needs people.manage: the
    recognition worker makes the template, and what it finds wrong stands in the act's
    ``data["reference"]``. Raises ``DomainError`` where no face is good enough for that or no
    consent covers the person, where somebody was faster, and where it was said of one of the visits
    that it is not ``person``.
    """
    require("review.decide")
    if add_reference:
        require("people.manage")
    locked = lock_strangers(strangers, open_for=_OPEN_FOR)
    return _assign(locked, lock_person(person), add_reference=add_reference)


@transaction.atomic
def follow_enrolments() -> int:
    """Strangers whose crops went into an enrolment that was confirmed since have a name now; for
    the worker. Returns how many."""
    require("review.decide")
    waiting = Stranger.objects.filter(
        enrolment__state=Enrolment.State.CONFIRMED, enrolment__person__status__in=Person.LIVING
    )
    count = 0
    for stranger in list(waiting.select_related("enrolment__person")[:50]):
        draft = stranger.enrolment
        # Once: whoever takes it back is not overruled by the next look.
        Stranger.objects.filter(pk=stranger.pk).update(enrolment=None)
        if draft is None or draft.person is None or stranger.state not in _OPEN_FOR:
            continue
        (locked,) = lock_strangers([stranger], open_for=_OPEN_FOR)
        if refusals_of(visits_of([locked]), draft.person.pk):
            continue
        _assign([locked], lock_person(draft.person), add_reference=False)
        count += 1
    return count


def _assign(strangers: Sequence[Stranger], person: Person, *, add_reference: bool) -> Act:
    change = Change()
    everything = visits_of(strangers)
    visits = not_named_yet(change, everything)
    if refusals_of(visits, person.pk):
        raise DomainError(
            f"Somebody said of one of these visits that it is not {person.name}. Undo that in the "
            "journal first, or split the visit off.",
            code="review.contradiction",
            http_status=409,
        )
    for stranger in strangers:
        change.put(stranger, state=_State.NAMED, person_id=person.pk)
    for visit in visits:
        settle(change, visit, Visit.Settled.ASSIGNED, person_id=person.pk)
        # A split or a merge can be taken back only before this is.
        change.hold(visit, "stranger_id")
    facts: dict[str, Any] = {"left": len(everything) - len(visits)}
    if add_reference:
        facts["reference"] = {"face": choose_reference(visits, person), "state": "waiting"}
    act = change.note(ASSIGN_ACT, _title(strangers, person), person_id=person.pk, facts=facts)
    if add_reference:
        dispatch_on_commit("review.reference", str(act.pk))
    record(
        "review.stranger.assigned",
        target=person,
        after={
            "strangers": [str(one.pk) for one in strangers],
            "visits": len(visits),
            "left": facts["left"],
            "add_reference": add_reference,
        },
    )
    return act


@undoes(
    ASSIGN_ACT,
    label="Stranger named",
    effect="The visits have no name again, and a reference that was added goes.",
    permission="review.decide",
)
def _undo(act: Act) -> None:
    take_back(act)
    drop_reference(act)
    record(
        "review.stranger.assignment_undone",
        after={"person": str(act.person_id), "act": str(act.pk)},
    )


def _title(strangers: Sequence[Stranger], person: Person) -> str:
    if len(strangers) == 1:
        return f"{strangers[0]} is {person.name}"
    return f"{len(strangers)} strangers are {person.name}"
