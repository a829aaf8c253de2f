"""Which photos are one person's, which are copies, which side of a face they show: the pure rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.enrolment.likeness import (
    COPY_CORRELATION,
    SAME_PERSON_COSINE,
    Portrayed,
    angle_of,
    crop_correlation,
    crop_print,
    missing_angles,
    sort_out,
)
from tests.factories.faces import vector_of, vector_towards
from tests.factories.pictures import fresh_jpeg

# Two prints that correlate with themselves alone.
SCENES = np.eye(784, dtype=np.float32)


def face(
    name: str,
    vector: np.ndarray | int,
    *,
    scene: int = 0,
    quality: float = 0.5,
    **flags: bool,
) -> Portrayed:
    return Portrayed(
        id=name,
        vector=vector_of(vector) if isinstance(vector, int) else vector,
        quality=quality,
        crop=lambda: SCENES[scene],
        **flags,
    )


def near(identity: int, similarity: float, *, other: int = 63) -> np.ndarray:
    return vector_towards(identity, similarity=similarity, other=other)


ADA, BOB = 1, 2
A = [face(f"a{n}", near(ADA, 0.8, other=10 + n), scene=n) for n in range(4)]
B = [face(f"b{n}", near(BOB, 0.8, other=20 + n), scene=10 + n) for n in range(4)]


# faces -> used, unlike, whether it is a tie, and why
UNLIKE = {
    "nothing": ([], "", "", False, "there is nothing to sort"),
    "one photo": (A[:1], "a0", "", False, "nothing to compare it with"),
    "one person": (A[:3], "a0 a1 a2", "", False, "all belong together"),
    "one wrong photo": ([*A[:2], B[0]], "a0 a1", "b0", False, "two against one"),
    "the wrong one came first": ([B[0], *A[:2]], "a0 a1", "b0", False, "order says nothing"),
    "two wrong ones of one person": (
        [*A[:3], *B[:2]],
        "a0 a1 a2",
        "b0 b1",
        False,
        "two photos of one wrong person do not vouch for each other",
    ),
    "one against one": (
        [face("x", ADA, quality=0.4), face("y", BOB, scene=1, quality=0.9)],
        "",
        "x y",
        True,
        "either may be wrong, so neither is used before somebody looked",
    ),
    "two against two, and one more": (
        [*A[:2], *B[:2], face("c", 3, scene=30)],
        "",
        "a0 a1 b0 b1 c",
        True,
        "the larger sides are even",
    ),
    "one against one, one vouched for": (
        [face("x", ADA, is_vouched=True), face("y", BOB, scene=1)],
        "x",
        "y",
        False,
        "that was the answer",
    ),
    "the enrolled person decides": (
        [face("known", ADA, is_enrolled=True), A[0], *B[:3]],
        "a0",
        "b0 b1 b2",
        False,
        "three photos of somebody else do not outvote what is enrolled",
    ),
    "nothing like the enrolled": (
        [face("known", ADA, is_enrolled=True), *B[:2]],
        "",
        "b0 b1",
        False,
        "more photos of Ada that are all Bob's",
    ),
    "vouched": (
        [*A[:2], face("b0", BOB, scene=9, is_vouched=True)],
        "a0 a1 b0",
        "",
        False,
        "somebody looked and said that it is the same person",
    ),
    "like the vouched one": (
        [*A[:3], face("v", near(BOB, 0.8), scene=9, is_vouched=True), B[0]],
        "a0 a1 a2 v b0",
        "",
        False,
        "with a beard, and vouched for: the next one with a beard is no surprise",
    ),
    "two, of whom one is vouched for, against two": (
        [*A[:2], face("v", near(BOB, 0.8), scene=9, is_vouched=True), B[0]],
        "v b0",
        "a0 a1",
        False,
        "of two even sides the one that somebody answered for",
    ),
    "a chain": (
        [face("p", near(ADA, 0.9, other=BOB)), face("q", ADA, scene=1), face("r", near(BOB, 0.5, other=ADA), scene=2)],
        "p q r",
        "",
        False,
        "left and right profile meet in the frontal photo",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNLIKE)
def test_a_photo_unlike_the_others_is_set_aside(name):
    faces, used, unlike, is_tie, why = UNLIKE[name]
    sorting = sort_out(faces)
    assert set(sorting.used) == set(used.split()), why
    assert set(sorting.unlike) == set(unlike.split()), why
    assert {one.is_tie for one in sorting.unlike.values()} <= {is_tie}, why
    assert sorting.repeated == {}


@pytest.mark.parametrize("step", [-0.01, 0.01])
def test_the_bound_itself(step):
    one = face("a", ADA)
    other = face("b", near(ADA, SAME_PERSON_COSINE + step), scene=1)
    assert bool(sort_out([one, other]).unlike) is (step < 0)


def test_a_set_aside_photo_tells_how_similar_it_is_at_best():
    odd = face("odd", near(ADA, 0.3, other=40), scene=7)
    unlike = sort_out([A[0], A[1], face("ada", ADA, scene=6), odd]).unlike["odd"]
    assert unlike.similarity == pytest.approx(0.3, abs=1e-3)


COPY = near(ADA, 0.98, other=30)

# faces -> repeated: which, of which; and why
REPEATED = {
    "a copy, the better kept": (
        [face("a", ADA, quality=0.5), face("b", COPY, quality=0.9)],
        {"a": "b"},
        "a burst is one photo, and the best of it counts",
    ),
    "equals keep the first": (
        [face("a", ADA), face("b", COPY)],
        {"b": "a"},
        "whoever uploads twice finds the first in its place",
    ),
    "the same vector, another picture": (
        [face("a", ADA), face("b", COPY, scene=1)],
        {},
        "a turned head is worth keeping, however similar it scores",
    ),
    "nearly the same picture, another vector": (
        [face("a", ADA), face("b", near(ADA, 0.9))],
        {},
        "a passport photo of a sibling has the same layout",
    ),
    "already enrolled": (
        [face("known", ADA, quality=0.1, is_enrolled=True), face("b", COPY, quality=0.9)],
        {"b": "known"},
        "what is enrolled stays; nothing is gained by its copy",
    ),
    "two enrolled copies are not judged": (
        [face("k", ADA, is_enrolled=True), face("l", COPY, is_enrolled=True)],
        {},
        "that is the gallery's hygiene, not the enrolment's",
    ),
    "a copy of a photo set aside": (
        [*A[:2], face("b", BOB, scene=5), face("c", near(BOB, 0.98, other=41), scene=5)],
        {},
        "both are set aside for being unlike; one reason is enough",
    ),
}


@pytest.mark.parametrize("name", REPEATED)
def test_nearly_the_same_photo_is_kept_once(name):
    faces, repeated, why = REPEATED[name]
    sorting = sort_out(faces)
    assert {key: value.of for key, value in sorting.repeated.items()} == repeated, why


def test_crops_are_not_looked_at_without_need():
    def never() -> np.ndarray:
        raise AssertionError("a crop was decrypted for nothing")

    faces = [Portrayed(str(n), near(ADA, 0.8, other=30 + n), 0.5, never) for n in range(3)]
    assert len(sort_out(faces).used) == 3


@st.composite
def people(draw: st.DrawFn) -> list[Portrayed]:
    """A few photos of up to three people, near to or far from each other, some of them copies."""
    faces = []
    for number in range(draw(st.integers(1, 8))):
        identity = draw(st.sampled_from([1, 2, 3]))
        similarity = draw(st.sampled_from([1.0, 0.98, 0.8, 0.5, 0.3]))
        faces.append(
            face(
                f"f{number}",
                near(identity, similarity, other=draw(st.sampled_from([40, 41, 42]))),
                scene=draw(st.integers(0, 2)),
                quality=draw(st.floats(0.1, 0.9)),
                is_enrolled=draw(st.sampled_from([False, False, True])),
                is_vouched=draw(st.sampled_from([False, False, False, True])),
            )
        )
    return faces


@given(people())
def test_every_photo_is_used_set_aside_or_repeated_and_never_two_of_them(faces):
    sorting = sort_out(faces)
    judged = [one.id for one in faces if not one.is_enrolled]
    assert sorted([*sorting.used, *sorting.unlike, *sorting.repeated]) == sorted(judged)
    by_id = {one.id: one for one in faces}
    for twin in sorting.repeated.values():
        assert twin.of in sorting.used or by_id[twin.of].is_enrolled, "its original is kept"
    assert not any(by_id[name].is_vouched for name in sorting.unlike)
    is_tie = any(one.is_tie for one in sorting.unlike.values())
    if judged and not any(one.is_enrolled for one in faces):
        assert bool(sorting.used) is not is_tie, "none is used before a tie is answered"


@given(people(), st.randoms())
def test_the_order_of_the_photos_sets_none_aside(faces, random):
    sorting = sort_out(faces)
    shuffled = list(faces)
    random.shuffle(shuffled)
    assert set(sort_out(shuffled).unlike) == set(sorting.unlike)


@given(people())
def test_sending_the_same_photo_again_changes_nothing(faces):
    before = sort_out(faces)
    first = faces[0]
    again = Portrayed("again", first.vector, 0.0, first.crop, is_vouched=first.is_vouched)
    if first.id in before.unlike or any(one.is_tie for one in before.unlike.values()):
        return
    if not any(one.is_enrolled for one in faces) and (
        before.unlike or any(one.is_vouched for one in faces)
    ):
        return  # a further photo of one side may make it the larger one
    assert sort_out([*faces, again]).used == before.used


def test_a_crop_correlates_with_itself_and_hardly_with_another():
    one, other = crop_print(fresh_jpeg()), crop_print(fresh_jpeg())
    assert crop_correlation(one, one) == pytest.approx(1.0, abs=1e-5)
    assert crop_correlation(one, other) < COPY_CORRELATION


ANGLES = [
    (0, -2, "front", "LFW's median"),
    (11, -4, "front", "a quarter of press photos are turned further"),
    (14.9, -2, "front", "just below"),
    (15, -2, "left", "the nose points to the picture's right: the person's own left"),
    (-22, 0, "right", "the other way"),
    (0, 5, "up", "seven above what level noses measure as"),
    (0, -9, "down", "and seven below"),
    (20, -10, "left", "both, but turned further than lowered"),
    (16, 8, "up", "both, but raised further than turned"),
]


@pytest.mark.parametrize(("yaw", "pitch", "angle", "why"), ANGLES)
def test_the_side_of_a_face(yaw, pitch, angle, why):
    assert angle_of(yaw_degrees=yaw, pitch_degrees=pitch) == angle, why


def test_the_angles_that_would_help():
    assert missing_angles([]) == ("front", "left", "right")
    assert missing_angles({"front", "left", "up"}) == ("right",)
    assert missing_angles({"front", "left", "right"}) == ()
