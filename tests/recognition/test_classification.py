"""Classifiers: right on people who are apart, silent on strangers, and safe to read from a file."""

import pickle
from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from safetensors.numpy import save_file
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from recognition.classification import (
    classify,
    load_classifier,
    save_classifier,
    score_names,
    split_by_class,
    train_classifier,
)
from recognition.config import DEFAULT_MODEL
from recognition.contracts import EmbeddingSpace
from recognition.decision import threshold_for
from recognition.errors import IndexMismatch, ModelRejected

WIDTH = 128  # the shipped model's, which the shipped thresholds hold for
SPACE = EmbeddingSpace(DEFAULT_MODEL, "0" * 64, WIDTH, "none")
OTHER = EmbeddingSpace("another", "1" * 64, WIDTH, "none")
KINDS = ("svm", "knn")


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def made_people(people, photos, *, seed=0, noise=0.05):
    random = np.random.default_rng(seed)
    middles = unit(np.random.default_rng(99).standard_normal((people, WIDTH)))
    names = [f"p{n:02d}" for n in range(people) for _ in range(photos)]
    vectors = middles.repeat(photos, axis=0)
    return unit(vectors + noise * random.standard_normal(vectors.shape)), names


STRANGERS = unit(np.random.default_rng(7).standard_normal((200, WIDTH)))


def trained(kind, *, people=6, photos=4, **settings):
    vectors, names = made_people(people, photos)
    return train_classifier(vectors, names=names, space=SPACE, kind=kind, **settings)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("people", [2, 3, 25])
def test_people_who_are_apart_are_named_and_strangers_are_not(kind, people):
    classifier = trained(kind, people=people)
    probes, truth = made_people(people, 3, seed=1)
    found = classify(classifier, probes, space=SPACE)
    scores = score_names(
        truth + ["nobody"] * 200,
        best=[p.best for p in found] + [None] * 200,
        named=[p.name for p in [*found, *classify(classifier, STRANGERS, space=SPACE)]],
        known=classifier.class_names,
    )
    assert scores.rank_one == scores.true_positive_rate == 1.0
    assert scores.false_positive_rate <= 0.01
    assert all(p.reason == "accepted" and p.cosine > 0.7 for p in found)


@pytest.mark.parametrize("photos", [2, 6])
def test_numpy_gives_scikit_learns_probabilities(photos):
    for people in (2, 5):
        vectors, names = made_people(people, photos)
        folds = StratifiedKFold(min(5, photos), shuffle=True, random_state=3)
        oracle = CalibratedClassifierCV(
            LinearSVC(random_state=3, max_iter=10_000), cv=folds, ensemble=False
        ).fit(vectors, names)
        ours = train_classifier(vectors, names=names, space=SPACE, seed=3)
        np.testing.assert_allclose(
            ours.probabilities(STRANGERS), oracle.predict_proba(STRANGERS), atol=1e-6
        )


def test_nearest_neighbours_vote_as_scikit_learns_do():
    vectors, names = made_people(4, 6, noise=0.3)
    oracle = KNeighborsClassifier(5).fit(vectors, names)
    ours = train_classifier(vectors, names=names, space=SPACE, kind="knn")
    np.testing.assert_allclose(ours.probabilities(STRANGERS), oracle.predict_proba(STRANGERS))


def test_no_more_neighbours_are_asked_than_the_smallest_class_has():
    classifier = trained("knn", photos=2)
    assert classifier.neighbours == 2
    vectors, _ = made_people(6, 2)
    assert min(p.probability for p in classify(classifier, vectors, space=SPACE)) == 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_sum_to_one_and_nearest_cosines_are_those_of_the_class(kind):
    classifier = trained(kind)
    shares = classifier.probabilities(STRANGERS)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert shares.min() >= 0.0
    nearest = classifier.nearest_cosines(STRANGERS)
    for number in range(6):
        own = classifier.vectors[classifier.labels == number]
        np.testing.assert_allclose(nearest[:, number], (STRANGERS @ own.T).max(1), atol=1e-6)


def test_a_face_is_unknown_by_cosine_first_and_by_probability_second():
    classifier = trained("svm")
    vectors, _ = made_people(6, 1, seed=2)
    (unlike, *_) = classify(classifier, vectors, space=SPACE, min_cosine=0.999)
    assert (unlike.name, unlike.best, unlike.reason) == (None, "p00", "unlike")
    (improbable, *_) = classify(classifier, vectors, space=SPACE, min_probability=0.999)
    assert (improbable.name, improbable.best, improbable.reason) == (None, "p00", "improbable")


def test_the_cosine_floor_follows_the_number_of_photos_a_stranger_meets():
    assert trained("knn", people=6, photos=4).min_cosine == threshold_for(24)
    assert trained("knn", min_cosine=0.6).min_cosine == 0.6


def test_equal_votes_are_settled_by_the_nearer_face():
    vectors = unit(np.eye(WIDTH)[[0, 1]])
    classifier = train_classifier(
        vectors, names=["ann", "bob"], space=SPACE, kind="knn", neighbours=2, min_cosine=0.1
    )
    classifier = replace(classifier, neighbours=2)
    probe = unit(np.eye(WIDTH)[[1]] + 0.4 * np.eye(WIDTH)[[0]])
    (found,) = classify(classifier, probe, space=SPACE)
    assert (found.name, found.probability) == ("bob", 0.5)


REFUSED = {
    "one person": (["a"] * 4, {}, "two or more are needed"),
    "one photo of somebody": (["a", "a", "a", "b"], {}, "one photo only"),
    "fewer names than vectors": (["a", "b"], {}, "one for each"),
    "a name that would write to the terminal": (["a", "a", "b\x1b[2J", "b\x1b[2J"], {}, "control"),
    "no neighbours": (["a", "a", "b", "b"], {"kind": "knn", "neighbours": 0}, "neighbours"),
    "a model whose scores nobody measured": (["a", "a", "b", "b"], {"space": OTHER}, "min_cosine"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_learnt_is_refused_with_the_reason(name):
    names, changes, told = REFUSED[name]
    vectors, _ = made_people(2, 2)
    with pytest.raises(ValueError, match=told):
        train_classifier(vectors, names=names, **{"space": SPACE, **changes})


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_gives_back_the_very_same_classifier(kind, tmp_path):
    classifier = trained(kind)
    path = tmp_path / "staff.safetensors"
    save_classifier(classifier, path)
    loaded = load_classifier(path, space=SPACE)
    for part in ("vectors", "labels"):
        np.testing.assert_array_equal(getattr(loaded, part), getattr(classifier, part))
    for part in ("kind", "space", "class_names", "min_cosine", "neighbours"):
        assert getattr(loaded, part) == getattr(classifier, part)
    np.testing.assert_allclose(
        loaded.probabilities(STRANGERS), classifier.probabilities(STRANGERS), rtol=1e-12
    )
    assert path.stat().st_mode & 0o077 == 0  # templates of people are nobody else's business
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_another_embedding_space_is_refused(tmp_path):
    path = tmp_path / "staff.safetensors"
    save_classifier(trained("knn"), path)
    with pytest.raises(IndexMismatch, match=f"trained on {DEFAULT_MODEL}.*the engine runs another"):
        load_classifier(path, space=OTHER)
    with pytest.raises(IndexMismatch, match="The vectors are of another"):
        classify(trained("knn"), STRANGERS, space=OTHER)


@pytest.mark.parametrize("spoilt", [STRANGERS[:, :5], STRANGERS[0], STRANGERS * np.nan])
def test_vectors_of_a_wrong_shape_are_refused(spoilt):
    with pytest.raises(IndexMismatch, match="finite rows of 128"):
        classify(trained("knn"), spoilt, space=SPACE)


class Trap:
    """Would be run by whoever unpickles it."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def test_files_that_are_no_classifier_are_refused_and_never_run(tmp_path):
    files = {
        "empty": b"",
        "noise": bytes(range(256)) * 9,
        "pickle": pickle.dumps(Trap()),
        "a header longer than the file": b"\xff\xff\xff\x7f\0\0\0\0{}",
        "text": b"model: svm\n",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ModelRejected, match="no safetensors file") as caught:
            load_classifier(path, space=SPACE)
        assert caught.value.code == "classifier.invalid"
    for missing in (tmp_path / "gone", tmp_path):
        with pytest.raises(ModelRejected) as caught:
            load_classifier(missing, space=SPACE)
        assert caught.value.code in {"classifier.unreadable", "classifier.invalid"}


@pytest.mark.parametrize(
    "metadata", [None, {"gatehouse": "{"}, {"gatehouse": "[]"}, {"gatehouse": '{"format": "x"}'}]
)
def test_somebody_elses_safetensors_file_is_refused(metadata, tmp_path):
    path = tmp_path / "net.safetensors"
    save_file({"weight": np.zeros(3, np.float32)}, path, metadata=metadata)
    with pytest.raises(ModelRejected) as caught:
        load_classifier(path, space=SPACE)
    assert caught.value.code == "classifier.invalid"


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("classifier") / "staff.safetensors"
    save_classifier(trained("svm", people=2, photos=2), path)
    return path.read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(stored, tmp_path, place, change):
    content = bytearray(stored)
    content[int(place * len(content))] ^= change
    path = tmp_path / "changed.safetensors"
    path.write_bytes(content)
    try:
        found = load_classifier(path, space=SPACE)
    except (ModelRejected, IndexMismatch):
        return
    good = tmp_path / "good.safetensors"
    good.write_bytes(stored)
    expected = load_classifier(good, space=SPACE)  # a blank in the header may change, no meaning
    assert found.class_names == expected.class_names
    np.testing.assert_array_equal(found.vectors, expected.vectors)


@given(share=st.floats(0, 0.999))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_a_file_that_was_cut_off_is_refused(stored, tmp_path, share):
    path = tmp_path / "cut.safetensors"
    path.write_bytes(stored[: int(share * len(stored))])
    with pytest.raises(ModelRejected):
        load_classifier(path, space=SPACE)


INCONSISTENT = {
    "labels beyond the classes": {"labels": np.array([0, 1, 2, 3], np.int64)},
    "a class without a vector": {"labels": np.zeros(4, np.int64)},
    "vectors of another length": {"vectors": np.ones((4, WIDTH), np.float32)},
    "vectors of another width": {"vectors": np.eye(4, 5, dtype=np.float32)},
    "no number": {"vectors": np.full((4, WIDTH), np.nan, np.float32)},
    "the same name twice": {"class_names": ("p00", "p00")},
    "an impossible cosine": {"min_cosine": float("nan")},
    "an unknown kind": {"kind": "forest"},
    "weights that are missing": {"linear": None},
}


@pytest.mark.parametrize("name", INCONSISTENT)
def test_parts_that_do_not_fit_together_make_no_classifier(name):
    good = trained("svm", people=2, photos=2)
    with pytest.raises(ValueError, match="inconsistent"):
        replace(good, **INCONSISTENT[name])


def test_weights_that_are_no_numbers_make_no_classifier():
    good = trained("svm", people=2, photos=2)
    for part in ("coefficients", "intercepts", "slopes", "offsets"):
        broken = replace(good.linear, **{part: getattr(good.linear, part) * np.inf})
        with pytest.raises(ValueError, match=part):
            replace(good, linear=broken)


def test_the_split_of_facenet():
    names = ["many"] * 25 + ["few"] * 19 + ["enough"] * 20
    split = split_by_class(names)
    assert [len(part) for part in (split.train, split.test, split.left_out)] == [20, 25, 19]
    assert sorted(split.train + split.test + split.left_out) == list(range(64))
    assert {names[row] for row in split.left_out} == {"few"}
    assert split_by_class(names) == split
    assert split_by_class(names, seed=1) != split
    alone = split_by_class(names[:25])
    assert alone.train == tuple(row for row in split.train if row < 25)


@pytest.mark.parametrize("train_images", [0, 20, 30])
def test_a_split_without_training_or_test_is_refused(train_images):
    with pytest.raises(ValueError, match="keeps a picture to test with"):
        split_by_class(["a"] * 30, train_images=train_images)


def test_scores_count_strangers_apart():
    scores = score_names(
        ["ann", "ann", "bob", "bob", "eve", "eve"],
        best=["ann", "ann", "ann", "bob", "ann", "bob"],
        named=["ann", None, "ann", "bob", "ann", None],
        known={"ann", "bob"},
    )
    assert scores.rank_one == 0.75
    assert scores.true_positive_rate == 0.5
    assert scores.named_wrong == 1
    assert scores.false_positive_rate == 0.5
    nobody = score_names([], best=[], named=[], known=[])
    assert nobody.rank_one is nobody.true_positive_rate is nobody.false_positive_rate is None
