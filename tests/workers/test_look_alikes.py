"""People who look alike: found when one of them is enrolled, and guarded from then on."""

from __future__ import annotations

import numpy as np
import pytest

from portal.hygiene.selectors import open_pairs
from portal.hygiene.services import FoundPair, note_pairs, tell_apart
from portal.people.models import LookalikePair
from portal.people.selectors import guarded_people
from portal.people.services import (
    merge_people,
    reinstate_person,
    suspend_person,
    withdraw_consent,
)
from portal.people.vectors import seal_vector
from recognition.decision import decide
from tests.factories import (
    ConsentFactory,
    FaceImageFactory,
    FaceTemplateFactory,
    PersonFactory,
    SpaceFactory,
)
from tests.factories.faces import GOOD_QUALITY, SPACE, vector_of, vector_towards
from tests.factories.people import person_key
from workers import engine_host
from workers.hygiene import look_through
from workers.look_alikes import Comparison, comparison_of
from workers.tasks.hygiene import compare

pytestmark = pytest.mark.django_db

SIMILAR = 0.6


def enrol(vector: np.ndarray, name: str):
    person = PersonFactory(name=name)
    ConsentFactory(person=person)
    image = FaceImageFactory(person=person)
    sealed = seal_vector(vector, dimension=SPACE.dimension, data_key=person_key(person))
    FaceTemplateFactory(image=image, sealed_vector=sealed)
    with_new_revision()
    return person


def with_new_revision() -> None:
    from portal.people.services.revision import bump_gallery_revision

    bump_gallery_revision()


def twins():
    """Two people with a similarity of 0.6, and a third like nobody."""
    first = enrol(vector_of(0), "Ada Lovelace")
    second = enrol(vector_towards(0, similarity=SIMILAR, other=1), "Ida Lovelace")
    enrol(vector_of(5), "Grace Hopper")
    return first, second


def decided(host, vector):
    host.gallery.refresh()
    found = host.gallery.nearest([vector])[0]
    return decide(found, quality=GOOD_QUALITY, policy=host.policy())


@pytest.fixture
def at_once(monkeypatch):
    """The policy is read anew whenever it is asked for, as it is after half a second."""
    monkeypatch.setattr(engine_host, "_FOLLOWS_S", -1.0)


def blend(lead: float) -> np.ndarray:
    """A probe between the two that leads towards the first by ``lead``; both score high."""
    first, second = vector_of(0), vector_towards(0, similarity=SIMILAR, other=1)
    for share in np.linspace(0.5, 1.0, 2001):
        probe = share * first + (1.0 - share) * second
        probe /= np.linalg.norm(probe)
        if probe @ first - probe @ second >= lead:
            return probe.astype(np.float32)
    raise AssertionError(lead)


def test_a_planted_pair_is_found_when_it_is_enrolled_and_both_are_guarded(host, at_once):
    first, second = twins()
    assert host.policy().guarded == frozenset()
    compare()
    pair = LookalikePair.objects.get()
    assert {pair.first, pair.second} == {first, second}
    assert pair.answer == "open"
    assert pair.score == pytest.approx(SIMILAR, abs=0.05)
    assert host.policy().guarded == {str(first.pk), str(second.pk)}


def test_the_guard_is_followed_within_a_second_without_asking_the_database_for_each_face(
    host, monkeypatch, django_assert_num_queries
):
    clock = [100.0]
    monkeypatch.setattr(engine_host.time, "monotonic", lambda: clock[0])
    twins()
    host.gallery.refresh()
    assert not host.policy().guarded
    Comparison(host).catch_up()
    with django_assert_num_queries(0):
        assert not host.policy().guarded, "within half a second nobody asks again"
    clock[0] += 1.0
    assert len(host.policy().guarded) == 2


@pytest.mark.parametrize(
    ("lead", "kind", "reason", "why"),
    [
        (0.01, "uncertain", "too_close", "hardly any lead is too close for anybody"),
        (0.07, "uncertain", "lookalike", "enough for others, not for somebody with a look-alike"),
        (0.30, "match", "above_threshold", "a clear face is still named"),
    ],
)
def test_a_look_alike_is_named_only_by_a_clear_lead(host, at_once, lead, kind, reason, why):
    first, _ = twins()
    unguarded = decided(host, blend(lead))
    compare()
    decision = decided(host, blend(lead))
    assert (decision.kind, decision.reason) == (kind, reason), why
    assert decision.person_id == str(first.pk)
    if reason == "lookalike":
        assert unguarded.kind == "match", "without the register the name would be given"


def test_people_who_are_not_alike_are_no_pair(host):
    for identity in range(4):
        enrol(vector_of(identity), f"Person {identity}")
    compare()
    assert not LookalikePair.objects.exists()


@pytest.mark.parametrize(
    ("score", "asked", "why"),
    [(0.31, 0, "alike, and still two"), (0.34, 1, "at the threshold they may be one person")],
)
def test_below_the_threshold_both_are_guarded_and_nobody_is_asked(host, score, asked, why):
    first, second = twins()
    found = [FoundPair(second.pk, first.pk, score)]
    assert note_pairs(found, space_id=host.space.pk, ceiling=0.34) == 1
    assert note_pairs(found, space_id=host.space.pk, ceiling=0.34) == 0
    assert guarded_people(host.space.pk) == {str(first.pk), str(second.pk)}
    assert open_pairs().count() == asked, why


def test_only_who_changed_is_compared_again(host, monkeypatch):
    twins()
    compare()
    compared = []
    follow = comparison_of(host)
    alike = follow._alike
    monkeypatch.setattr(follow, "_alike", lambda people, bar: compared.extend(people) or [])
    compare()
    assert compared == []
    new = enrol(vector_of(9), "Alan Turing")
    compare()
    assert compared == [str(new.pk)]
    assert alike([], 0.5) == []


def test_an_enrolment_rings_for_the_comparison(
    host, sent_tasks, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        twins()
    assert [name for name, _, _ in sent_tasks].count("hygiene.compare") == 1


class TestLeaving:
    @pytest.fixture
    def pair(self, host, at_once):
        self.first, self.second = twins()
        compare()
        return LookalikePair.objects.get()

    def test_an_answer_keeps_the_guard(self, host, pair):
        tell_apart(pair)
        look_through(host, None)
        assert len(host.policy().guarded) == 2

    def test_a_merge_ends_it(self, host, pair):
        merge_people(self.first, self.second)
        look_through(host, None)
        assert host.policy().guarded == frozenset()

    def test_a_withdrawn_consent_ends_it_at_once(self, host, pair):
        withdraw_consent(self.first, reason="asked")
        assert host.policy().guarded == frozenset()
        assert not LookalikePair.objects.exists()

    def test_somebody_suspended_is_nobodys_look_alike_until_they_are_back(self, host, pair):
        suspend_person(self.first)
        assert host.policy().guarded == frozenset()
        reinstate_person(self.first)
        assert len(host.policy().guarded) == 2

    @pytest.mark.parametrize(("is_answered", "left"), [(False, 0), (True, 1)])
    def test_new_photos_that_are_less_alike_end_the_guard_and_keep_the_answer(
        self, host, pair, is_answered, left
    ):
        if is_answered:
            tell_apart(pair)
        template = self.second.templates.get()
        template.sealed_vector = seal_vector(
            vector_of(7), dimension=SPACE.dimension, data_key=person_key(self.second)
        )
        template.save()
        look_through(host, None)
        assert host.policy().guarded == frozenset()
        assert LookalikePair.objects.count() == left

    def test_a_pair_of_another_model_guards_nobody(self, host, pair):
        other = SpaceFactory(id="another", model_id="another-model")
        assert guarded_people(other.pk) == frozenset()
