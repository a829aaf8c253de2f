"""Votes over a passage's faces, when they make a name, and which passages are one visit."""

from __future__ import annotations

import math
from uuid import UUID, uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognition.contracts import Candidate, FaceQuality
from recognition.decision import DecisionPolicy, decide
from recognition.visits import (
    ConfirmRule,
    JoinRule,
    Look,
    Newcomer,
    OpenVisit,
    Standing,
    Vote,
    is_inside,
    is_somebody_else,
    judge,
    likeness,
    rank_of,
    visit_to_absorb,
    visit_to_join,
)

DIMENSION = 8
POLICY = DecisionPolicy(threshold=0.5)
GOOD = FaceQuality(60.0, 100.0, 0.5, 0.2, 0.0, 1.0, 0.9)
GALLERY = {"ada": 0, "bob": 1, "cyd": 2}
NO_MEAN = np.zeros(DIMENSION)
THREE = ConfirmRule()


def towards(identity: int, similarity: float = 1.0, *, other: int = 7) -> np.ndarray:
    vector = np.zeros(DIMENSION, np.float32)
    vector[identity] = similarity
    vector[other] += math.sqrt(max(0.0, 1.0 - similarity**2))
    return vector


def searched(vector: np.ndarray) -> list[Candidate]:
    return [Candidate(name, float(vector[axis])) for name, axis in GALLERY.items()]


def look(vector: np.ndarray, at_s: float, *, quality: float = 0.9) -> Look:
    best = max(searched(vector), key=lambda one: one.score)
    return Look(vector, quality, at_s, best.person_id)


def vote_of(looks) -> Vote:
    vote = Vote()
    for one in looks:
        vote = vote.with_look(one)
    return vote


def standing_of(vote: Vote, rule: ConfirmRule = THREE) -> Standing:
    found = searched(vote.fused) if vote.fused is not None else []
    return judge(vote, decide(found, quality=GOOD, policy=POLICY), rule)


ADA = [look(towards(0, 0.8), n * 0.2) for n in range(3)]

vectors = st.tuples(st.sampled_from([0, 1, 2, 3]), st.floats(0.0, 1.0)).map(
    lambda pair: towards(pair[0], pair[1])
)
looks = st.builds(look, vectors, st.floats(0.0, 60.0), quality=st.floats(0.0, 1.0))


@pytest.mark.parametrize(
    ("seen", "rule", "name", "is_confirmed", "reason"),
    [
        ([], ConfirmRule(), None, False, "nothing was seen"),
        (ADA[:1], ConfirmRule(), "ada", False, "likely from the first face on"),
        (ADA[:2], ConfirmRule(), "ada", False, "two of three"),
        (ADA, ConfirmRule(), "ada", True, "three agree over 0.4 s"),
        (ADA[:2], ConfirmRule.at_rate(1.0), "ada", False, "two within 0.2 s"),
        ([ADA[0], ADA[2]], ConfirmRule.at_rate(1.0), "ada", True, "a slow camera has no more"),
        ([look(towards(0, 0.8), 1.0)] * 5, ConfirmRule(), "ada", False, "five of one instant"),
        ([look(towards(0, 0.3), n) for n in range(5)], ConfirmRule(), None, False, "too unlike"),
        (
            [*ADA, *(look(towards(1, 0.45), 1.0 + n, quality=0.1) for n in range(3))],
            ConfirmRule(),
            "ada",
            False,
            "as many poorer faces are most like somebody else",
        ),
        (
            [ADA[0], *(look(towards(4), n) for n in range(4))],
            ConfirmRule(),
            None,
            False,
            "the name that the first face gave is withdrawn",
        ),
    ],
)
def test_a_name_is_likely_then_sure_or_withdrawn(seen, rule, name, is_confirmed, reason):
    standing = standing_of(vote_of(seen), rule)
    assert (standing.name, standing.is_confirmed) == (name, is_confirmed), reason


def test_a_suggestion_is_no_name():
    standing = standing_of(vote_of([look(towards(0, 0.48), n) for n in range(5)]))
    assert (standing.decision.kind, standing.name, standing.is_confirmed) == (
        "uncertain",
        None,
        False,
    )


@given(st.lists(looks, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_frames_plays_no_part(seen, random):
    shuffled = list(seen)
    random.shuffle(shuffled)
    one, other = vote_of(seen), vote_of(shuffled)
    assert one.usable == other.usable
    assert dict(one.firsts) == dict(other.firsts)
    assert one.total == pytest.approx(other.total, abs=1e-9)


@given(looks)
def test_a_single_frame_never_confirms(one):
    for rule in (ConfirmRule(), ConfirmRule.at_rate(0.5)):
        assert not standing_of(vote_of([one]), rule).is_confirmed


@given(looks)
def test_a_single_bad_frame_names_nobody_else(bad):
    seen = [look(towards(0), n * 0.2) for n in range(6)]
    standing = standing_of(vote_of([*seen[:3], bad, *seen[3:]]))
    assert (standing.name, standing.is_confirmed) == ("ada", True)


@given(st.lists(looks, max_size=8), st.integers(1, 20))
def test_more_agreeing_frames_never_take_a_confirmed_name_away(seen, more):
    vote = vote_of([*ADA, *seen])
    if standing_of(vote).is_confirmed and standing_of(vote).name == "ada":
        added = vote_of([look(towards(0), 9.0 + n) for n in range(more)])
        assert standing_of(vote.merged(added)).is_confirmed


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8))
def test_frames_nearer_to_a_person_only_raise_the_fused_score(similarities):
    vote = Vote()
    for similarity in sorted(similarities):
        before = float(vote.fused[0]) if vote.fused is not None else -1.0
        vote = vote.with_look(look(towards(0, similarity), 0.0))
        assert float(vote.fused[0]) >= before - 1e-6


@given(st.lists(looks, max_size=6), st.lists(looks, max_size=6))
def test_two_parts_of_a_visit_are_worth_what_the_whole_is(first, second):
    whole, parts = vote_of([*first, *second]), vote_of(first).merged(vote_of(second))
    assert whole.usable == parts.usable
    assert dict(whole.firsts) == dict(parts.firsts)
    if whole.total is not None:
        assert whole.total == pytest.approx(parts.total, abs=1e-9)


def test_the_clearest_faces_count_most():
    vote = vote_of([look(towards(0), 0.0, quality=0.9), look(towards(1), 0.1, quality=0.1)])
    assert vote.fused[0] > 0.9


def test_a_vote_that_was_written_down_goes_on_where_it_was():
    vote = vote_of(ADA)
    kept = Vote.restored(
        vote.fused, usable=vote.usable, agreeing={"ada": 3}, since_s=0.0, until_s=0.4
    )
    assert kept.fused == pytest.approx(vote.fused)
    assert standing_of(kept).is_confirmed
    assert not standing_of(Vote()).is_confirmed


def test_looks_that_cancel_out_have_no_direction():
    vote = vote_of([Look(towards(0), 0.5, 0.0), Look(-towards(0), 0.5, 1.0)])
    assert vote.fused is None
    assert standing_of(vote).name is None


def test_what_says_more_ranks_higher():
    order = ["poor", "unknown", "uncertain", "match"]
    assert [rank_of(kind) for kind in order] == sorted(rank_of(kind) for kind in order)
    assert rank_of("match", is_confirmed=True) > rank_of("match")


def test_likeness_is_about_the_mean_and_bounded():
    mean = towards(7) * 0.3
    assert likeness(towards(0), towards(0), mean=mean) == pytest.approx(1.0)
    assert (
        likeness(towards(0), towards(1), mean=mean)
        < likeness(towards(0), towards(1), mean=NO_MEAN) + 0.2
    )
    assert likeness(mean, towards(0), mean=mean) == 0.0


@pytest.mark.parametrize(
    ("similarity", "is_other"),
    [(1.0, False), (0.5, False), (0.21, False), (0.19, True), (0.0, True)],
)
def test_a_face_unlike_its_passage_is_somebody_elses(similarity, is_other):
    assert is_somebody_else(towards(0, similarity), towards(0), mean=NO_MEAN) is is_other


# Passages and visits

GATE, DOOR = uuid4(), uuid4()
RULE = JoinRule(threshold=0.5, mean=NO_MEAN)


def known(**changes) -> OpenVisit:
    values = {
        "id": uuid4(),
        "last_camera_id": GATE,
        "first_s": 0.0,
        "last_s": 10.0,
        "vector": towards(0),
        "name": "ada",
        "is_sure": True,
    }
    return OpenVisit(**{**values, **changes})


def new(**changes) -> Newcomer:
    values = {
        "camera_id": GATE,
        "first_s": 15.0,
        "last_s": 15.0,
        "vector": towards(0),
        "name": None,
        "is_confirmed": False,
    }
    return Newcomer(**{**values, **changes})


FAR = towards(5)


@pytest.mark.parametrize(
    ("visit", "newcomer", "joins", "reason"),
    [
        (known(), new(), True, "alike, within the gap"),
        (known(), new(first_s=31.0, last_s=31.0), False, "after the gap"),
        (known(), new(first_s=31.0, last_s=31.0, camera_id=DOOR), True, "at another camera"),
        (known(), new(first_s=131.0, last_s=131.0, camera_id=DOOR), False, "too late there too"),
        (known(), new(first_s=-15.0, last_s=-15.0), True, "a picture that came late"),
        (known(), new(first_s=-25.0, last_s=-25.0), False, "and was taken long before"),
        (known(), new(vector=FAR), False, "never by time alone"),
        (known(), new(vector=FAR, name="ada"), False, "a likely name and an unlike face"),
        (known(), new(vector=FAR, name="ada", is_confirmed=True), True, "both names are sure"),
        (known(is_sure=False), new(vector=FAR, name="ada", is_confirmed=True), False, "one is not"),
        (known(), new(name="bob"), False, "two names, however alike"),
        (known(name=None, is_sure=False), new(), True, "a stranger by the face"),
        (known(name=None, is_sure=False), new(name="ada"), True, "named at the second sight"),
        (known(name=None, is_sure=False, vector=None), new(), False, "nothing to compare"),
        (known(), new(vector=None), False, "nothing to compare"),
        (known(), new(vector=towards(0, 0.51)), True, "just at the threshold"),
        (known(), new(vector=towards(0, 0.49)), False, "just below it"),
    ],
)
def test_which_passages_are_one_visit(visit, newcomer, joins, reason):
    assert visit_to_join(newcomer, [visit], RULE) == (visit.id if joins else None), reason


def test_whoever_is_in_the_same_picture_is_somebody_else():
    visit = known()
    assert visit_to_join(new(apart_from=frozenset({visit.id})), [visit], RULE) is None
    sure = new(apart_from=frozenset({visit.id}), name="ada", is_confirmed=True)
    assert visit_to_absorb(sure, [visit], RULE) is None


def test_of_several_the_same_name_goes_first_and_then_the_likest():
    plain = known(name=None, is_sure=False)
    near = known(name=None, is_sure=False, vector=towards(0, 0.9))
    named = known(vector=towards(0, 0.6))
    assert visit_to_join(new(), [near, plain], RULE) == plain.id
    assert visit_to_join(new(name="ada"), [plain, named, near], RULE) == named.id


@pytest.mark.parametrize(
    ("visit", "newcomer", "reason"),
    [
        (known(), new(name="ada"), "the newcomer's name is only likely"),
        (known(is_sure=False), new(name="ada", is_confirmed=True), "the visit's name is"),
        (known(name="bob"), new(name="ada", is_confirmed=True), "another name"),
        (known(), new(name="ada", is_confirmed=True, first_s=99.0, last_s=99.0), "too late"),
    ],
)
def test_a_visit_is_absorbed_only_under_one_sure_name(visit, newcomer, reason):
    assert visit_to_absorb(newcomer, [visit], RULE) is None, reason


def test_a_visit_of_one_sure_name_is_absorbed_even_where_faces_differ():
    visit: OpenVisit = known(vector=FAR)
    found: UUID | None = visit_to_absorb(new(name="ada", is_confirmed=True), [visit], RULE)
    assert found == visit.id


@given(st.lists(st.builds(known, last_s=st.floats(0, 200), vector=vectors), max_size=6), vectors)
def test_what_is_joined_is_alike_near_in_time_and_not_of_another_name(visits, vector):
    newcomer = new(vector=vector, first_s=100.0, last_s=100.0)
    found = visit_to_join(newcomer, visits, RULE)
    if found is not None:
        visit = next(one for one in visits if one.id == found)
        assert likeness(vector, visit.vector, mean=NO_MEAN) >= RULE.threshold
        assert 100.0 - visit.last_s <= RULE.gap_s


SQUARE = [(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)]
HOOK = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.5), (0.0, 1.0)]


@pytest.mark.parametrize(
    ("point", "corners", "inside", "reason"),
    [
        ((0.9, 0.9), [], True, "without a region everything counts"),
        ((0.5, 0.5), SQUARE, True, "in the middle"),
        ((0.1, 0.5), SQUARE, False, "left of it"),
        ((0.5, 0.9), SQUARE, False, "below it"),
        ((0.5, 0.9), HOOK, False, "in the bay of a shape that is not convex"),
        ((0.1, 0.6), HOOK, True, "in one of its arms"),
    ],
)
def test_faces_count_within_the_region(point, corners, inside, reason):
    assert is_inside(*point, corners) is inside, reason
