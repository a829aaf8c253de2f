"""Whatever was done to whomever: undone, everything is as it was, and nobody else was touched.

The galleries and the acts are drawn at random; two moments are compared by ``canonical.dump``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from portal.core.vault import key_id_of, vault
from portal.hygiene.services import tell_apart
from portal.journal.models import Act
from portal.journal.services import undo_act
from portal.people.models import Credential, FaceImage, LookalikePair, Person
from portal.people.services import (
    mark_left,
    merge_people,
    move_photo,
    reinstate_person,
    remove_person,
    remove_photo,
    set_aside,
    suspend_person,
    take_in,
)
from tests.conftest import rolled_back
from tests.factories import (
    ConsentFactory,
    EnrolmentFaceFactory,
    EnrolmentFactory,
    FaceImageFactory,
    FaceTemplateFactory,
    PersonFactory,
    RecognisedFaceFactory,
    SpaceFactory,
    UserFactory,
)
from tests.portal.canonical import dump
from tests.portal.undoing import act_of, committed, slow, undo_in_any_order, undo_in_turn

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

PEOPLE = 4

person = st.fixed_dictionaries(
    {
        # Few, so that two people have the very same one now and then.
        "photos": st.lists(st.integers(0, 5), max_size=3, unique=True),
        "states": st.lists(st.sampled_from(FaceImage.State.values), min_size=3, max_size=3),
        "name": st.sampled_from(["Ada", "Bob"]),
        "email": st.sampled_from(["", "a@example.org"]),
        "consents": st.sampled_from(["none", "active", "withdrawn", "both"]),
        "credentials": st.sets(st.sampled_from(["pin", "qr"])),
        "sightings": st.integers(0, 2),
        "has_draft": st.booleans(),
        "has_user": st.booleans(),
        "is_held": st.booleans(),
        "was_seen": st.booleans(),
    }
)
pair = st.tuples(
    st.integers(0, PEOPLE - 1), st.integers(0, PEOPLE - 1), st.sampled_from(["open", "different"])
)
gallery = st.tuples(st.lists(person, min_size=PEOPLE, max_size=PEOPLE), st.lists(pair, max_size=3))
# What to do, to whom, and with whom or with which photo.
step = st.tuples(st.integers(0, 9), st.integers(0, PEOPLE - 1), st.integers(0, 20))


def build(drawn: Any) -> list[Person]:
    people, pairs = drawn
    made = [build_person(number, **fields) for number, fields in enumerate(people)]
    for first, second, answer in pairs:
        ends = sorted((made[first], made[second]), key=lambda p: p.pk)
        if first != second:
            LookalikePair.objects.get_or_create(
                first=ends[0],
                second=ends[1],
                defaults={"space": SpaceFactory(), "score": 0.6, "answer": answer},
            )
    return made


def build_person(number: int, **drawn: Any) -> Person:
    made = PersonFactory(
        name=drawn["name"],
        email=drawn["email"],
        legal_hold=drawn["is_held"],
        last_interaction_at=timezone.now() if drawn["was_seen"] else None,
        employed_from=date(2020, 1, 1) if drawn["was_seen"] else None,
    )
    if drawn["consents"] in {"withdrawn", "both"}:
        ConsentFactory(person=made, withdrawn_at=timezone.now())
    if drawn["consents"] in {"active", "both"}:
        ConsentFactory(person=made)
    # No template exists without a consent.
    photos = drawn["photos"] if drawn["consents"] in {"active", "both"} else []
    for photo, state in zip(photos, drawn["states"], strict=False):
        image = FaceImageFactory(person=made, photo_sha256=f"{photo:064x}", state=state)
        FaceTemplateFactory(image=image, identity=number * 8 + photo)
    for kind in drawn["credentials"]:
        Credential.objects.create(person=made, kind=kind, digest=f"{kind} of {number}")
    for _ in range(drawn["sightings"]):
        RecognisedFaceFactory(person=made, decision="match")
    if drawn["has_draft"]:
        EnrolmentFaceFactory(photo__enrolment=EnrolmentFactory(person=made))
    if drawn["has_user"]:
        UserFactory(person=made)
    return made


def act_on(people: list[Person], drawn: tuple[int, int, int]) -> Act | None:
    """One act; None where it is refused or changes nothing."""
    what, whom, with_what = drawn
    chosen = Person.objects.get(pk=people[whom].pk)
    other = Person.objects.get(pk=people[with_what % PEOPLE].pk)
    images = list(FaceImage.objects.order_by("pk"))
    image = images[with_what % len(images)] if images else None
    pairs = list(LookalikePair.objects.order_by("pk"))
    acts: list[Callable[[], object]] = [
        lambda: merge_people(chosen, other),
        lambda: merge_people(other, chosen),
        lambda: remove_person(chosen),
        lambda: suspend_person(chosen),
        lambda: reinstate_person(chosen),
        lambda: mark_left(chosen, date(2026, 1, 1 + with_what)),
        lambda: image and move_photo(image, chosen),
        lambda: image and set_aside(image),
        lambda: image and (take_in(image) if with_what % 2 else remove_photo(image)),
        lambda: pairs and tell_apart(pairs[with_what % len(pairs)]),
    ]
    return act_of(acts[what])


def assert_sealed_by_their_person() -> None:
    """No picture or vector in use is left under somebody else's key."""
    for image in FaceImage.objects.select_related("person"):
        for key in (image.portrait_key, image.aligned_key):
            assert key_id_of(vault()._path(key).read_bytes()) == image.person.data_key_id
        for template in image.templates.all():
            assert template.person_id == image.person_id
            assert key_id_of(bytes(template.sealed_vector)) == image.person.data_key_id


@slow
@given(gallery, st.lists(step, min_size=1, max_size=6))
def test_acts_undone_in_turn_leave_each_moment_as_it_was(drawn, steps):
    with rolled_back():
        people = build(drawn)
        moments = []
        for one in steps:
            before = dump()
            act = act_on(people, one)
            if act is not None:
                moments.append((act, before))
            assert_sealed_by_their_person()
        undo_in_turn(moments, check=assert_sealed_by_their_person)


@slow
@given(gallery, st.lists(step, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_acts_undone_in_any_order_are_refused_or_right_and_end_where_it_began(drawn, steps, order):
    with rolled_back():
        people = build(drawn)
        start = dump()
        acts = [act for one in steps if (act := act_on(people, one)) is not None]
        undo_in_any_order(acts, order)
        assert dump() == start
        assert_sealed_by_their_person()


@slow
@given(gallery, st.integers(0, PEOPLE - 1), st.integers(1, PEOPLE - 1))
def test_merging_two_touches_no_third_person(drawn, first, distance):
    """immich#6374 merged a third person too."""
    with rolled_back():
        people = build(drawn)
        source, target = people[first], people[(first + distance) % PEOPLE]
        others = {p.pk for p in people} - {source.pk, target.pk}
        before, everything = dump(only=others), set(dump())
        with committed():
            act = merge_people(source, target)
        assert dump(only=others) == before
        made = set(dump()) - everything
        assert {row.partition(":")[0] for row in made} <= {"people.lookalikepair"}
        assert everything <= set(dump()), "a merge deletes nothing"
        with committed():
            undo_act(act)
        assert dump(only=others) == before


@slow
@given(gallery, st.integers(0, 5))
def test_what_came_since_a_merge_stays_with_the_one_that_remains(drawn, photo):
    with rolled_back():
        source, target, *_ = build(drawn)
        if not target.consents.filter(withdrawn_at=None).exists():
            ConsentFactory(person=target)
        before = dump()
        with committed():
            act = merge_people(source, target)
        new = FaceTemplateFactory(
            image=FaceImageFactory(person=target, photo_sha256=f"{100 + photo:064x}")
        )
        seen = RecognisedFaceFactory(person=target, decision="match")
        with committed():
            undo_act(act)
        after = dump()
        assert {key: after[key] for key in before} == before
        for row in (new, new.image, seen):
            row.refresh_from_db()
            assert row.person_id == target.pk
