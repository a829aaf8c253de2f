"""Whatever was decided about strangers and visits: taken back in any order, everything is as it was.

Strangers, visits and decisions are drawn at random, merges and removals of people among them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.context import SYSTEM, acting_as
from portal.core.vault import vault
from portal.journal.models import Act
from portal.people.models import Person
from portal.people.services import merge_people, remove_person
from portal.review.models import Stranger
from portal.review.services import (
    acknowledge_stranger,
    assign_strangers,
    confirm_visits,
    dismiss_strangers,
    ignore_strangers,
    merge_strangers,
    name_visit,
    record_reference,
    refuse_visit,
    split_stranger,
    watch_strangers,
)
from portal.review.services.standing import recount
from portal.sightings.models import Visit
from tests.conftest import rolled_back
from tests.factories import (
    CameraFactory,
    SpaceFactory,
    StrangerFactory,
    enrolled_person,
    visit_with_face,
)
from tests.factories.faces import GOOD_QUALITY, vector_of
from tests.portal.canonical import dump
from tests.portal.undoing import act_of, slow, undo_in_any_order, undo_in_turn

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("isolated", "administrator"),
]

PEOPLE = 3
ACTS = 14

# Visits of each stranger, and of nobody: decided how, suggesting whom.
strangers = st.lists(st.integers(1, 3), min_size=2, max_size=3)
visits = st.lists(
    st.tuples(st.sampled_from(["match", "uncertain"]), st.integers(0, PEOPLE - 1)), max_size=4
)
step = st.tuples(st.integers(0, ACTS - 1), st.integers(0, 20), st.integers(0, 20))


def build(stranger_sizes: list[int], drawn: list[tuple[str, int]]) -> None:
    people = [enrolled_person(n) for n in range(PEOPLE)]
    camera = CameraFactory()
    for number, size in enumerate(stranger_sizes):
        stranger = StrangerFactory()
        for _ in range(size):
            good(visit_with_face(camera=camera, identity=10 + number, stranger=stranger))
    for number, (decision, whom) in enumerate(drawn):
        person = people[whom]
        good(
            visit_with_face(
                camera=camera,
                identity=30 + number,
                decision=decision,
                person=person if decision == "match" else None,
                candidates=[[str(person.pk), 0.6]],
            )
        )
    recount([one.pk for one in Stranger.objects.all()])


def good(visit: Visit) -> None:
    visit.best_face.quality = asdict(GOOD_QUALITY)
    visit.best_face.aligned_key = vault().put("aligned", os.urandom(16))
    visit.best_face.save()


def act_on(drawn: tuple[int, int, int]) -> Act | None:
    """One act; None where it is refused."""
    what, first, second = drawn
    rows = list(Stranger.objects.order_by("pk"))
    one, two = rows[first % len(rows)], rows[second % len(rows)]
    found = list(Visit.objects.order_by("pk"))
    visit = found[first % len(found)]
    people = list(Person.objects.order_by("pk"))
    ada, bob = people[first % len(people)], people[second % len(people)]
    acts: list[Callable[[], Any]] = [
        lambda: assign_strangers([one, two], ada),
        lambda: referenced(one, bob),
        lambda: ignore_strangers([one]),
        lambda: watch_strangers([one, two]),
        lambda: watch_strangers([one], is_watched=False),
        lambda: dismiss_strangers([one]),
        lambda: acknowledge_stranger(one, memo=f"Memo {second}"),
        lambda: split_stranger(one, one.visits.order_by("pk")[: 1 + second % 2]),
        lambda: merge_strangers([one, two]),
        lambda: confirm_visits([visit]),
        lambda: refuse_visit(visit, bob),
        lambda: name_visit(visit, bob),
        lambda: merge_people(ada, bob),
        lambda: remove_person(bob),
    ]
    return act_of(acts[what])


def referenced(stranger: Stranger, person: Person) -> Act:
    """Named, and the worker made the reference."""
    act = assign_strangers([stranger], person, add_reference=True)
    with acting_as(SYSTEM):
        record_reference(act.pk, np.asarray(vector_of(int(stranger.number))), SpaceFactory())
    return act


@slow
@given(strangers, visits, st.lists(step, min_size=1, max_size=7))
def test_decisions_undone_in_turn_leave_each_moment_as_it_was(sizes, drawn, steps):
    with rolled_back():
        build(sizes, drawn)
        moments = []
        for one in steps:
            before = dump()
            act = act_on(one)
            if act is not None:
                moments.append((act, before))
        undo_in_turn(moments)


@slow
@given(strangers, visits, st.lists(step, min_size=2, max_size=7), st.randoms(use_true_random=False))
def test_decisions_undone_in_any_order_are_refused_or_right(sizes, drawn, steps, order):
    with rolled_back():
        build(sizes, drawn)
        start = dump()
        acts = [act for one in steps if (act := act_on(one)) is not None]
        undo_in_any_order(acts, order)
        assert dump() == start
