"""The LFW protocol against a plain re-telling of it with scikit-learn's folds and curves."""

import numpy as np
import pytest
from scipy.optimize import brentq
from sklearn import metrics
from sklearn.model_selection import KFold

from recognition.evaluation.lfw import consecutive_folds, evaluate_lfw, pair_distances

PAIRS, DIMENSION = 600, 16


def made_pairs(seed=5, noise=0.9, offset=0.0):
    """Pairs of unit vectors, half of them of one person; ``offset`` is common to all."""
    random = np.random.default_rng(seed)
    is_same = np.tile(np.repeat([True, False], 30), PAIRS // 60)
    centres = random.normal(size=(PAIRS, DIMENSION)) + offset
    first = centres + noise * random.normal(size=(PAIRS, DIMENSION))
    others = random.normal(size=(PAIRS, DIMENSION)) + offset
    second = np.where(is_same[:, None], centres, others)
    second = second + noise * random.normal(size=(PAIRS, DIMENSION))
    return (*(x / np.linalg.norm(x, axis=1, keepdims=True) for x in (first, second)), is_same)


def as_float32(first, second):
    return first.astype(np.float32), second.astype(np.float32)


def oracle_distances(first, second, metric):
    if metric == 0:
        return metrics.pairwise.paired_euclidean_distances(first, second) ** 2
    cosine = 1 - metrics.pairwise.paired_cosine_distances(first, second)
    return np.arccos(np.clip(cosine, -1, 1)) / np.pi


def oracle_accuracies(first, second, is_same, metric, subtract_mean, grid):
    accuracies = []
    for train, test in KFold(10).split(is_same):
        mean = np.concatenate([first[train], second[train]]).mean(axis=0) * subtract_mean
        distances = oracle_distances(first - mean, second - mean, metric)
        right = [((distances[train] < cut) == is_same[train]).mean() for cut in grid]
        cut = grid[int(np.argmax(right))]
        accuracies.append(metrics.accuracy_score(is_same[test], distances[test] < cut))
    return accuracies


@pytest.mark.parametrize("metric", [0, 1])
@pytest.mark.parametrize("subtract_mean", [False, True])
def test_accuracy_over_ten_folds_is_the_oracles(metric, subtract_mean):
    first, second, is_same = made_pairs(offset=0.4)
    expected = oracle_accuracies(
        first, second, is_same, metric, subtract_mean, np.arange(0, 4, 0.01)
    )
    result = evaluate_lfw(
        *as_float32(first, second),
        is_same=is_same,
        fold=consecutive_folds(PAIRS),
        metric=metric,
        subtract_mean=subtract_mean,
    )
    np.testing.assert_allclose(result.accuracies, expected, atol=1e-9)
    assert result.accuracy == pytest.approx(np.mean(expected))
    assert result.accuracy_std == pytest.approx(np.std(expected))
    assert result.accuracy_error == pytest.approx(np.std(expected) / np.sqrt(10))
    assert result.is_right.mean() == pytest.approx(np.mean(expected))


def test_subtracting_the_mean_helps_vectors_that_share_an_offset():
    first, second, is_same = made_pairs(offset=1.5)
    plain, centred = (
        evaluate_lfw(
            *as_float32(first, second),
            is_same=is_same,
            fold=consecutive_folds(PAIRS),
            metric=1,
            subtract_mean=subtract,
        )
        for subtract in (False, True)
    )
    assert centred.accuracy > plain.accuracy + 0.01


def test_val_keeps_to_the_far_on_the_folds_that_it_is_chosen_on():
    first, second, is_same = made_pairs()
    fold = consecutive_folds(PAIRS)
    result = evaluate_lfw(*as_float32(first, second), is_same=is_same, fold=fold, target_far=0.05)
    distances = oracle_distances(first, second, 0)
    vals, fars = [], []
    for train, test in KFold(10).split(is_same):
        negatives = distances[train][~is_same[train]]
        grid = np.arange(0, 4, 0.001)
        far = np.array([(negatives < cut).mean() for cut in grid])
        # one straight line between the two grid points around the target, whatever comes twice
        below = np.flatnonzero(far <= 0.05)[-1]
        cut = np.interp(0.05, far[below : below + 2], grid[below : below + 2])
        assert (negatives < cut).mean() <= 0.05 + 1 / len(negatives)
        vals.append((distances[test][is_same[test]] < cut).mean())
        fars.append((distances[test][~is_same[test]] < cut).mean())
    assert result.val == pytest.approx(np.mean(vals))
    assert result.val_std == pytest.approx(np.std(vals))
    assert result.far == pytest.approx(np.mean(fars))


def test_repeated_and_unreached_rates_have_an_answer():
    """FaceNet's interpolation fails on the first; on the second it accepts nobody."""
    is_same = np.tile([True, True, False, False], 10)
    angles = np.tile([0.2, 0.3, 2.0, 2.0], 10)  # all impostors at one distance
    first = np.tile(np.array([[1.0, 0.0]], np.float32), (40, 1))
    second = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    result = evaluate_lfw(first, second, is_same=is_same, fold=consecutive_folds(40))
    assert (result.val, result.far, result.accuracy) == (1.0, 0.0, 1.0)
    assert result.eer == pytest.approx(0.0, abs=1e-9)
    assert result.auc == pytest.approx(1.0)
    opposite = np.where(is_same[:, None], second, -first).astype(np.float32)  # squared distance 4
    never = evaluate_lfw(first, opposite, is_same=is_same, fold=consecutive_folds(40))
    assert (never.val, never.far) == (0.0, 0.0)


def test_auc_and_eer_are_those_of_the_mean_curve():
    first, second, is_same = made_pairs(noise=1.2)
    result = evaluate_lfw(
        *as_float32(first, second), is_same=is_same, fold=consecutive_folds(PAIRS)
    )
    distances = oracle_distances(first, second, 0)
    tpr, fpr = np.zeros(400), np.zeros(400)
    for _, test in KFold(10).split(is_same):
        for row, cut in enumerate(np.arange(0, 4, 0.01)):
            tpr[row] += (distances[test][is_same[test]] < cut).mean() / 10
            fpr[row] += (distances[test][~is_same[test]] < cut).mean() / 10
    assert result.auc == pytest.approx(metrics.auc(np.append(fpr, 1), np.append(tpr, 1)), abs=1e-9)
    oracle = brentq(lambda x: 1 - x - np.interp(x, fpr, tpr), 0, 1)
    assert result.eer == pytest.approx(oracle, abs=1e-3)


def test_exact_thresholds_never_do_worse_on_the_folds_that_they_are_chosen_on():
    first, second, is_same = made_pairs()
    fold = consecutive_folds(PAIRS)
    exact = evaluate_lfw(*as_float32(first, second), is_same=is_same, fold=fold, thresholds="exact")
    distances = oracle_distances(first, second, 0)
    for one in range(10):
        train = fold != one
        right = ((distances[train] < exact.thresholds[one]) == is_same[train]).mean()
        best = max(((distances[train] < c) == is_same[train]).mean() for c in np.arange(0, 4, 0.01))
        assert right >= best - 1e-12


@pytest.mark.parametrize("pairs", [20, 23, 600, 607])
def test_folds_without_shuffling_are_those_of_scikit_learn(pairs):
    fold = consecutive_folds(pairs)
    for number, (_, test) in enumerate(KFold(10).split(np.zeros(pairs))):
        np.testing.assert_array_equal(np.flatnonzero(fold == number), test)


def test_distances_of_known_vectors():
    first = np.array([[1, 0], [1, 0], [1, 0], [0.6, 0.8]], np.float32)
    second = np.array([[1, 0], [0, 1], [-1, 0], [0.6, 0.8]], np.float32)
    np.testing.assert_allclose(pair_distances(first, second, metric=0), [0, 2, 4, 0], atol=1e-6)
    # float32 rounds the last cosine above 1, of which the arc cosine would be NaN
    np.testing.assert_allclose(pair_distances(first, second, metric=1), [0, 0.5, 1, 0], atol=1e-3)


def test_a_pair_without_a_face_matches_nobody_and_moves_no_mean():
    first, second, is_same = (*as_float32(*made_pairs(noise=0.1)[:2]), made_pairs(noise=0.1)[2])
    usable = np.ones(PAIRS, bool)
    usable[0] = False  # a genuine pair
    first[0] = second[0] = 0.0
    result = evaluate_lfw(
        first,
        second,
        is_same=is_same,
        fold=consecutive_folds(PAIRS),
        subtract_mean=True,
        is_usable=usable,
    )
    assert not result.is_right[0]
    assert result.distances[0] >= 4.0
    assert result.val == pytest.approx(1 - 1 / 300, abs=1e-6)


def test_folds_of_one_kind_are_refused():
    vectors = np.ones((4, 2), np.float32)
    with pytest.raises(ValueError, match="genuine and impostor"):
        evaluate_lfw(
            vectors,
            vectors,
            is_same=np.array([True, True, False, False]),
            fold=np.array([0, 0, 1, 1]),
        )
