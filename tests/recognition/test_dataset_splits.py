"""What is held out, what is filtered, and what comes twice."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognition.datasets.duplicates import (
    HASH_BITS_APART,
    identical_groups,
    identity_matches,
    look_alike_groups,
    near_vectors,
    picture_hash,
)
from recognition.datasets.errors import DatasetRejected
from recognition.datasets.filtering import distances_to_centre, filter_pictures
from recognition.datasets.folders import list_classes
from recognition.datasets.splits import split_folder, split_rows, write_part
from recognition.images import decode_image
from tests.faces import jpeg_bytes
from tests.recognition.made_sets import picture, write_set


@pytest.mark.parametrize(
    ("pictures", "ratio", "trained", "why"),
    [
        (20, 0.05, 19, "floor(20 x 0.95)"),
        (100, 0.29, 71, "71, though 100 x (1 - 0.29) is 70.999… in floating point"),
        (7, 0.5, 3, "floor(3.5)"),
        (10, 0.01, 9, "at least one is held out"),
        (2, 0.01, 1, "of two pictures one"),
        (1, 0.5, 1, "a single picture trains"),
        (3, 0.99, 1, "at least one trains"),
    ],
)
def test_the_rule_of_the_split_by_pictures(pictures, ratio, trained, why):
    train, held = split_rows([0] * pictures, ratio=ratio, mode="images", seed=1)
    assert (len(train), len(held)) == (trained, pictures - trained), why


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=60),
    st.floats(0.01, 0.99),
    st.sampled_from(["images", "classes"]),
)
def test_nothing_is_lost_and_nothing_is_in_both_parts(labels, ratio, mode):
    train, held = split_rows(labels, ratio=ratio, mode=mode, seed=3)
    assert sorted([*train.tolist(), *held.tolist()]) == list(range(len(labels)))
    column = np.array(labels)
    if mode == "classes":  # FaceNet's own lost the last class, and split people
        assert not set(column[train]) & set(column[held])
    else:
        assert set(column[train]) == set(labels)


def test_a_split_is_the_same_for_the_same_seed_only():
    labels = np.repeat(np.arange(5), 20)
    one, again, other = (
        split_rows(labels, ratio=0.3, mode="images", seed=seed)[1].tolist() for seed in (1, 1, 2)
    )
    assert one == again != other


def test_parts_are_written_as_second_names_of_the_files(tmp_path):
    write_set(tmp_path / "faces", {"Ada": 6, "Bob": 1, "Cleo": 3})
    (tmp_path / "faces" / "Empty").mkdir()
    parts = split_folder(tmp_path / "faces", ratio=0.34, mode="images", seed=1)
    assert {c.name: len(c.files) for c in parts.train} == {"Ada": 3, "Bob": 1, "Cleo": 1}
    assert {c.name: len(c.files) for c in parts.held_out} == {"Ada": 3, "Cleo": 2}
    assert parts.too_few == ("Empty", "Bob")
    assert write_part(parts.held_out, tmp_path / "test", link="hard") == 5
    for folder in list_classes(tmp_path / "test"):
        for path in folder.files:
            assert path.samefile(tmp_path / "faces" / folder.name / path.name)
    with pytest.raises(DatasetRejected, match="not an empty folder"):
        write_part(parts.train, tmp_path / "test", link="hard")


def test_a_picture_behind_a_link_is_a_picture_in_its_part(tmp_path):
    write_set(tmp_path / "store", {"a": 4})
    own = tmp_path / "faces" / "a"
    own.mkdir(parents=True)
    for path in sorted((tmp_path / "store" / "a").iterdir()):
        (own / path.name).symlink_to(Path("../../store/a") / path.name)
    parts = split_folder(tmp_path / "faces", ratio=0.5, mode="images", seed=1)
    write_part(parts.train, tmp_path / "train", link="hard")
    assert [path.is_file() for path in (tmp_path / "train" / "a").iterdir()] == [True, True]


def test_classes_with_too_few_to_hold_out_train_with_all(tmp_path):
    write_set(tmp_path / "faces", {"Ada": 10, "Bob": 3})
    parts = split_folder(tmp_path / "faces", ratio=0.3, mode="images", seed=1, least_held_out=2)
    assert {c.name: len(c.files) for c in parts.train} == {"Ada": 7, "Bob": 3}
    assert parts.too_few == ("Bob",)


@pytest.mark.parametrize(
    ("counts", "mode", "message"),
    [
        ({"Ada": 1, "Bob": 1}, "images", "nothing to judge by"),
        ({"Ada": 5}, "classes", "nothing to judge by"),
        ({"Ada": 0}, "images", "holds no pictures"),
    ],
)
def test_a_split_that_leaves_a_part_empty_is_refused(tmp_path, counts, mode, message):
    write_set(tmp_path / "faces", counts)
    with pytest.raises(DatasetRejected, match=message):
        split_folder(tmp_path / "faces", ratio=0.2, mode=mode, seed=1)


def _unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def planted(people=12, each=15, wrong=9, dimension=64, seed=4):
    """People about centres of their own; some pictures bear another person's label."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(people, dimension))
    labels = np.repeat(np.arange(people), each)
    shown = labels.copy()
    rows = rng.choice(len(labels), wrong, replace=False)
    shown[rows] = (labels[rows] + 1 + rng.integers(0, people - 1, wrong)) % people
    return _unit(centres[shown] + 0.35 * rng.normal(size=(len(labels), dimension))), labels, rows


@pytest.mark.parametrize("centre", ["mean", "median"])
def test_every_planted_outlier_is_dropped_and_nothing_else(centre):
    vectors, labels, wrong = planted()
    distances = distances_to_centre(vectors, labels, centre=centre)
    found = filter_pictures(distances, labels, percentile=100 * (1 - len(wrong) / len(labels)))
    assert set(np.flatnonzero(found.too_far)) == set(wrong)


def test_the_distance_is_euclidean_to_the_mean_of_the_class():
    vectors = np.array([[1, 0], [0, 1], [1, 0]], np.float32)
    distances = distances_to_centre(vectors, [0, 0, 1])
    assert distances == pytest.approx([np.sqrt(0.5), np.sqrt(0.5), 0.0])


def test_classes_that_become_too_small_go_whole():
    labels = [0, 0, 0, 1, 1, 2]
    distances = np.array([0.1, 0.1, 0.1, 0.1, 0.9, 0.1], np.float32)
    found = filter_pictures(distances, labels, percentile=80, least_pictures=2)
    assert found.too_far.tolist() == [False] * 4 + [True, False]
    assert found.too_few.tolist() == [False] * 3 + [True, False, True]
    assert found.is_kept.tolist() == [True] * 3 + [False] * 3


def test_a_percentile_of_100_drops_nothing_by_distance():
    distances = np.array([0.1, 0.2, 5.0], np.float32)
    assert filter_pictures(distances, [0, 0, 0]).is_kept.all()


def test_a_filter_that_leaves_nothing_is_refused():
    with pytest.raises(DatasetRejected, match="Nothing is left"):
        filter_pictures(np.ones(3, np.float32), [0, 1, 2], least_pictures=2)
    with pytest.raises(DatasetRejected, match="no picture"):
        filter_pictures(np.empty(0, np.float32), [])


def test_files_of_the_same_bytes_are_found_under_any_name(tmp_path):
    files = write_set(tmp_path / "faces", {"Ada": 3, "Bob": 2})
    copy = tmp_path / "faces" / "Bob" / "again.jpg"
    copy.write_bytes(files[1].read_bytes())
    same_size = tmp_path / "faces" / "Bob" / "near.jpg"
    same_size.write_bytes(files[1].read_bytes()[:-1] + b"x")
    groups = identical_groups([*files, same_size, copy])
    assert groups == ((files[1], copy),)


CHANGES = {
    "recompressed": lambda p: decode_image(jpeg_bytes(p, 40)).picture,
    "half the size": lambda p: cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "darker": lambda p: (p * 0.8).astype(np.uint8),
    "noisy": lambda p: np.clip(p + np.random.default_rng(1).normal(0, 6, p.shape), 0, 255).astype(
        np.uint8
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_copies_of_a_picture_hash_alike(change):
    for seed in range(20):
        original = picture(seed, size_px=(120, 90))
        twins = look_alike_groups([picture_hash(original), picture_hash(CHANGES[change](original))])
        assert len(twins) == 1, f"picture {seed}"


def test_other_pictures_do_not_hash_alike():
    hashes = [picture_hash(picture(seed)) for seed in range(100)]
    assert look_alike_groups(hashes) == ()
    apart = [t.value for t in look_alike_groups(hashes, bits_apart=64)]
    assert len(apart) == 100 * 99 / 2
    assert np.mean(apart) == pytest.approx(32, abs=2)  # as two random numbers of 64 bits
    assert min(apart) > HASH_BITS_APART


def test_near_vectors_equal_a_loop_over_all_pairs():
    vectors = _unit(np.random.default_rng(2).normal(size=(60, 4)))
    found = {(t.first, t.second) for t in near_vectors(vectors, least_cosine=0.8)}
    expected = {
        (i, j) for i in range(60) for j in range(i + 1, 60) if vectors[i] @ vectors[j] >= 0.8
    }
    assert found == expected
    assert found


def test_a_planted_person_under_another_name_is_found():
    rng = np.random.default_rng(3)
    centres = _unit(rng.normal(size=(11, 32)))

    def photos(row):
        return _unit(centres[row] + 0.05 * rng.normal(size=(4, 32)))

    first = {f"a{row}": photos(row) for row in range(6)}
    second = {f"b{row}": photos(row) for row in range(6, 10)} | {"somebody": photos(2)}
    found = identity_matches(first, second, least_cosine=0.8)
    assert [(match.first, match.second) for match in found] == [("a2", "somebody")]
    assert identity_matches(first, {}, least_cosine=0.8) == ()
