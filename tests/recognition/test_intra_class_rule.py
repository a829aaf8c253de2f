"""The maximum intra-identity distance rule: T by hand, its decisions, and who spoils it."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from recognition.contracts import EmbeddingSpace, FaceQuality
from recognition.decision import threshold_for
from recognition.decision.comparison import false_match_rate, identify
from recognition.decision.intra_class import intra_class_rule
from recognition.index import PersonGallery

GOOD = FaceQuality(60.0, 400.0, 0.5, 0.2, 0.05, 1.0, 0.9)
NAMES = ("ann", "ann", "ann", "bob", "bob", "bob")


def at(*degrees: float) -> np.ndarray:
    """Unit vectors of the plane: 10 degrees apart means a distance of 2 sin 5°."""
    turns = np.radians(degrees)
    return np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def judged(gallery, names, probes, rule):
    index = PersonGallery(
        EmbeddingSpace("made", "0" * 64, gallery.shape[1], "none"), mode="best_of"
    )
    index.upsert(list(names), gallery)
    return identify(index, probes, qualities=[GOOD] * len(probes), policy=rule.policy())


GALLERY = at(0, 20, 40, 90, 100, 120)


def test_t_is_the_widest_distance_within_anybody_by_hand():
    rule = intra_class_rule(GALLERY, person_ids=NAMES)
    assert rule.distance == pytest.approx(2 * math.sin(math.radians(20)), abs=1e-6)  # 0.6840
    assert rule.threshold == pytest.approx(math.cos(math.radians(40)), abs=1e-6)  # 0.7660
    assert [(s.person_id, s.photos) for s in rule.spreads] == [("ann", 3), ("bob", 3)]
    assert rule.spreads[1].distance == pytest.approx(2 * math.sin(math.radians(15)), abs=1e-6)
    assert rule.widest.person_id == "ann"


CASES = {
    "between two photos of one person": (10, "ann"),
    "nearer to ann's last photo than to bob's first": (64, "ann"),
    "nearer to bob's first photo": (66, "bob"),
    "a little nearer than T to the nearest": (159.5, "bob"),
    "a little farther than T from everybody": (160.5, None),
    "opposite of everybody": (240, None),
}


@pytest.mark.parametrize("name", CASES)
def test_a_face_is_the_nearest_one_if_that_is_no_farther_than_t(name):
    degrees, expected = CASES[name]
    rule = intra_class_rule(GALLERY, person_ids=NAMES)
    (decision,) = judged(GALLERY, NAMES, at(degrees), rule)
    assert decision.person_id == expected
    assert decision.kind == ("match" if expected else "unknown")


@given(seed=st.integers(0, 10_000), people=st.integers(2, 5), photos=st.integers(2, 4))
def test_agrees_with_the_rule_written_out(seed, people, photos):
    random = np.random.default_rng(seed)
    names = [f"p{n}" for n in range(people) for _ in range(photos)]
    middles = random.standard_normal((people, 8)).repeat(photos, axis=0)
    gallery = unit(middles + 0.4 * random.standard_normal(middles.shape))
    probes = unit(random.standard_normal((6, 8)))
    rule = intra_class_rule(gallery, person_ids=names)

    exact = gallery.astype(np.float64)
    t = max(
        np.linalg.norm(exact[a] - exact[b])
        for a in range(len(names))
        for b in range(a)
        if names[a] == names[b]
    )
    assert rule.distance == pytest.approx(t, abs=1e-5)
    for probe, decision in zip(probes, judged(gallery, names, probes, rule), strict=True):
        distances = np.linalg.norm(exact - probe, axis=1)
        nearest = int(distances.argmin())
        if abs(distances[nearest] - t) > 1e-5:
            expected = names[nearest] if distances[nearest] < t else None
            assert decision.person_id == expected


def test_on_people_who_are_well_apart_everybody_is_named_and_no_stranger_is():
    random = np.random.default_rng(3)
    middles = unit(random.standard_normal((20, 64)))
    names = [f"p{n}" for n in range(20) for _ in range(3)]
    gallery = unit(middles.repeat(3, axis=0) + 0.06 * random.standard_normal((60, 64)))
    probes = unit(middles + 0.04 * random.standard_normal((20, 64)))
    strangers = unit(random.standard_normal((50, 64)))
    rule = intra_class_rule(gallery, person_ids=names)
    named = [d.person_id for d in judged(gallery, names, probes, rule)]
    assert named == [f"p{n}" for n in range(20)]
    assert {d.person_id for d in judged(gallery, names, strangers, rule)} == {None}


def test_one_wrong_photo_opens_the_gallery_and_is_named():
    before = intra_class_rule(GALLERY, person_ids=NAMES)
    spoilt = np.concatenate([GALLERY, at(300)])
    names = (*NAMES, "bob")  # somebody else's picture in bob's folder
    after = intra_class_rule(spoilt, person_ids=names)
    assert after.widest.person_id == "bob"
    assert after.distance > 1.9
    assert judged(spoilt, names, at(200), before)[0].kind == "unknown"
    assert judged(spoilt, names, at(200), after)[0].kind == "match"


def test_t_can_be_held_against_the_threshold_by_error_rate():
    rule = intra_class_rule(at(0, 80, 200, 210), person_ids=("ann", "ann", "bob", "bob"))
    calibrated = threshold_for(4)
    assert rule.threshold == pytest.approx(math.cos(math.radians(80)), abs=1e-6)  # 0.174
    assert false_match_rate(rule.threshold).value > false_match_rate(calibrated).value


def test_people_with_one_photo_take_no_part():
    rule = intra_class_rule(at(0, 20, 180), person_ids=("ann", "ann", "bob"))
    assert [spread.person_id for spread in rule.spreads] == ["ann"]


def test_two_copies_of_one_photo_name_only_that_photo():
    rule = intra_class_rule(at(0, 0), person_ids=("ann", "ann"))
    assert rule.distance == pytest.approx(0.0, abs=1e-3)
    assert judged(at(0, 0), ("ann", "ann"), at(1), rule)[0].kind == "unknown"


@pytest.mark.parametrize(
    ("names", "told"), [(("a", "b"), "Nobody has two photos"), (("a",), "one for each")]
)
def test_a_gallery_that_sets_no_t_is_refused(names, told):
    with pytest.raises(ValueError, match=told):
        intra_class_rule(at(0, 10), person_ids=names)
