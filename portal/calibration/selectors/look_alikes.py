"""Reads of the register of people who look alike, and of the two ceilings above it.

Public surface: ``LookAlike``, ``Ceiling``, ``Neighbours``, ``look_alikes_of``, ``neighbours``,
``register``, ``visible_look_alike``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from portal.calibration.figures import Figures, NearFigure, from_json
from portal.calibration.models import CalibrationRun
from portal.core.context import current_actor, require
from portal.core.errors import NotFound
from portal.engines.selectors import active_space, policy_in_force
from portal.people.models import LookalikePair, Person
from portal.people.selectors import (
    PersonName,
    gallery_people_count,
    names_of,
    portraits_of,
    within_scope,
)
from portal.review.models import Stranger
from portal.review.selectors import visible_strangers

__all__ = [
    "Ceiling",
    "LookAlike",
    "Neighbours",
    "look_alikes_of",
    "neighbours",
    "register",
    "visible_look_alike",
]


@dataclass(frozen=True, slots=True, eq=False)
class LookAlike:
    """Two people with their best photos. ``is_guarded``: both are named only on more."""

    pair: LookalikePair
    first_portrait: UUID | None
    second_portrait: UUID | None
    is_guarded: bool

    @property
    def is_open(self) -> bool:
        """Nobody said whether they are one."""
        return self.pair.answer == LookalikePair.Answer.OPEN


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The nearest that two different people came. ``person`` and ``other`` are None where the actor
    may not see them; ``stranger`` only where the first of the two is one."""

    score: float
    lead: float
    person: PersonName | None
    other: PersonName | None
    stranger: Stranger | None

    @property
    def is_over(self) -> bool:
        return self.lead < 0


@dataclass(frozen=True, slots=True)
class Neighbours:
    """``threshold`` is the one in force; either ceiling is None where nothing is known of it."""

    threshold: float
    stranger: Ceiling | None
    enrolled: Ceiling | None
    measured: CalibrationRun | None
    hidden: int


def register() -> QuerySet[LookalikePair]:
    """Pairs of people in use who are alike now; both lie within the scope."""
    require("calibration.view")
    actor = require("people.view")
    return (
        _alike()
        .filter(
            within_scope(actor.scope, path="first__"), within_scope(actor.scope, path="second__")
        )
        .select_related("first", "second")
        .order_by("-score", "id")
    )


def visible_look_alike(pair_id: UUID) -> LookalikePair:
    pair = register().filter(pk=pair_id).first()
    if pair is None:
        raise NotFound("These two look alike no more, or one of them is gone.")
    return pair


def look_alikes_of(pairs: Sequence[LookalikePair]) -> list[LookAlike]:
    """With photos, in as many questions for one as for fifty."""
    portraits = portraits_of({p.first_id for p in pairs} | {p.second_id for p in pairs})
    space = active_space()
    return [
        LookAlike(
            pair,
            portraits.get(pair.first_id),
            portraits.get(pair.second_id),
            is_guarded=space is not None and pair.space_id == space.pk,
        )
        for pair in pairs
    ]


def neighbours() -> Neighbours:
    """Who comes nearest to being taken for somebody else, as the last measurement found."""
    space = active_space()
    threshold = policy_in_force(
        gallery_people_count(), space_id=space.pk if space else None
    ).threshold
    visible = register()
    top = visible.first()
    run, figures = _last_measured(space.pk if space else "")
    enrolled = figures.nearest_other if figures else None
    if top is not None and (enrolled is None or top.score > enrolled.score):
        enrolled = NearFigure(top.score, str(top.first_id), str(top.second_id))
    return Neighbours(
        threshold=threshold,
        stranger=_ceiling(figures.nearest_stranger if figures else None, threshold, outside=True),
        enrolled=_ceiling(enrolled, threshold, outside=False),
        measured=run,
        hidden=_alike().count() - visible.count(),
    )


def _alike() -> QuerySet[LookalikePair]:
    active = Person.Status.ACTIVE
    return LookalikePair.objects.filter(is_alike=True, first__status=active, second__status=active)


def _last_measured(space_id: str) -> tuple[CalibrationRun | None, Figures | None]:
    states = [CalibrationRun.State.DONE, CalibrationRun.State.INSUFFICIENT]
    run = CalibrationRun.objects.filter(state__in=states, space_id=space_id).first()
    return (run, from_json(run.result)) if run is not None else (None, None)


def _ceiling(near: NearFigure | None, threshold: float, *, outside: bool) -> Ceiling | None:
    if near is None:
        return None
    names = names_of([near.other_id] if outside else [near.person_id, near.other_id])
    stranger = None
    if outside and current_actor().may("review.view"):
        stranger = visible_strangers().filter(pk=near.person_id).first()
    return Ceiling(
        score=near.score,
        lead=threshold - near.score,
        person=None if outside else names.get(near.person_id),
        other=names.get(near.other_id),
        stranger=stranger,
    )
