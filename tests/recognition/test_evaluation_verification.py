"""One-to-one figures against scikit-learn, and against scores small enough to count by hand."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn import metrics
from sklearn.model_selection import KFold

from recognition.evaluation.verification import (
    accuracy_by_folds,
    area_under,
    best_accuracy,
    equal_error_rate,
    operating_point,
    precision_recall,
    resolution_note,
    roc_curve,
)

# Scores on a coarse lattice, so that ties within and between the classes are common.
MADE = st.lists(
    st.tuples(st.integers(-5, 5).map(lambda n: n / 5), st.booleans()), min_size=4, max_size=60
).filter(lambda cases: len({genuine for _, genuine in cases}) == 2)


def arrays(cases):
    return np.array([score for score, _ in cases]), np.array([genuine for _, genuine in cases])


def overlapping(count=4000, seed=3):
    random = np.random.default_rng(seed)
    is_genuine = random.random(count) < 0.4
    return random.normal(np.where(is_genuine, 0.6, 0.1), 0.18), is_genuine


@settings(max_examples=200, deadline=None)
@given(cases=MADE)
def test_the_curve_is_that_of_scikit_learn(cases):
    scores, is_genuine = arrays(cases)
    curve = roc_curve(scores, is_genuine)
    fpr, tpr, thresholds = metrics.roc_curve(is_genuine, scores, drop_intermediate=False)
    np.testing.assert_allclose(curve.fmr, fpr, atol=1e-12)
    np.testing.assert_allclose(curve.tmr, tpr, atol=1e-12)
    np.testing.assert_array_equal(curve.thresholds[1:], thresholds[1:])
    assert curve.thresholds[0] > scores.max()  # scikit-learn says infinity, which no JSON holds
    np.testing.assert_allclose(curve.fnmr, 1 - tpr, atol=1e-12)


@settings(max_examples=100, deadline=None)
@given(cases=MADE)
def test_the_area_is_that_of_scikit_learn(cases):
    scores, is_genuine = arrays(cases)
    assert area_under(roc_curve(scores, is_genuine)) == pytest.approx(
        metrics.roc_auc_score(is_genuine, scores)
    )


@settings(max_examples=200, deadline=None)
@given(cases=MADE, fmr=st.floats(0, 1))
def test_no_threshold_accepts_more_genuine_pairs_within_the_fmr(cases, fmr):
    scores, is_genuine = arrays(cases)
    point = operating_point(roc_curve(scores, is_genuine), fmr=fmr)
    accepted = scores >= point.threshold
    assert point.fmr == pytest.approx(accepted[~is_genuine].mean())
    assert point.tmr == pytest.approx(accepted[is_genuine].mean())
    assert point.fmr <= fmr
    allowed = [
        (scores[is_genuine] >= cut).mean()
        for cut in [*scores, 2.0]
        if (scores[~is_genuine] >= cut).mean() <= fmr
    ]
    assert point.tmr == pytest.approx(max(allowed))


def test_the_equal_error_rate_is_the_root_on_straight_lines():
    scores, is_genuine = overlapping()
    fpr, tpr, _ = metrics.roc_curve(is_genuine, scores, drop_intermediate=False)
    oracle = brentq(lambda x: 1 - x - interp1d(fpr, tpr)(x), 0, 1)
    rate, threshold = equal_error_rate(roc_curve(scores, is_genuine))
    assert rate == pytest.approx(oracle, abs=1e-3)
    fmr, fnmr = (scores[~is_genuine] >= threshold).mean(), (scores[is_genuine] < threshold).mean()
    assert fmr == pytest.approx(fnmr, abs=2e-3)


@pytest.mark.parametrize(
    ("scores", "labels", "expected", "why"),
    [
        ([0.9, 0.8, 0.2, 0.1], "GGII", 0.0, "apart: no error at all"),
        ([0.9, 0.8, 0.2, 0.1], "IIGG", 1.0, "the wrong way round: nothing is right"),
        ([0.5, 0.5, 0.5, 0.5], "GIGI", 0.5, "all alike: a coin"),
        ([0.9, 0.7, 0.6, 0.1], "GIGI", 0.5, "one of two wrong, either way"),
        ([0.9, 0.8, 0.6, 0.5, 0.7, 0.3, 0.2, 0.1], "GGGGIIII", 0.25, "one of four each"),
    ],
)
def test_equal_error_rates_that_can_be_counted(scores, labels, expected, why):
    curve = roc_curve(scores, np.array([label == "G" for label in labels]))
    assert equal_error_rate(curve)[0] == pytest.approx(expected), why


def test_precision_and_recall_are_those_of_scikit_learn():
    scores, is_genuine = overlapping(600)
    curve = roc_curve(scores, is_genuine)
    precision, recall = precision_recall(curve)
    for at in range(1, len(curve.thresholds), 37):
        said = scores >= curve.thresholds[at]
        assert precision[at] == pytest.approx(metrics.precision_score(is_genuine, said))
        assert recall[at] == pytest.approx(metrics.recall_score(is_genuine, said))
    assert precision[0] == 1.0  # nothing was said, so nothing was wrong


def test_accuracy_by_folds_is_that_of_a_search_over_every_threshold():
    scores, is_genuine = overlapping(500)
    fold = np.empty(500, np.int64)
    expected = []
    for number, (train, test) in enumerate(KFold(5).split(scores)):
        fold[test] = number
        cuts = np.unique(scores[train])[::-1]
        right = [((scores[train] >= cut) == is_genuine[train]).mean() for cut in cuts]
        cut = cuts[int(np.argmax(right))]
        expected.append(((scores[test] >= cut) == is_genuine[test]).mean())
    found = accuracy_by_folds(scores, is_genuine=is_genuine, fold=fold)
    np.testing.assert_allclose(found.accuracies, expected)
    assert found.accuracy == pytest.approx(np.mean(expected))
    assert found.accuracy_std == pytest.approx(np.std(expected))
    assert found.is_right.mean() == pytest.approx(np.mean(expected))


def test_a_single_fold_judges_itself():
    scores, is_genuine = overlapping(300)
    found = accuracy_by_folds(scores, is_genuine=is_genuine, fold=np.zeros(300, np.int64))
    accuracy, threshold = best_accuracy(roc_curve(scores, is_genuine))
    assert (found.accuracy, found.thresholds[0]) == (pytest.approx(accuracy), threshold)
    assert accuracy == pytest.approx(max(((scores >= t) == is_genuine).mean() for t in scores))


@pytest.mark.parametrize(
    ("rate", "comparisons", "expected"),
    [
        (1e-3, 100, "too few: 100 comparisons resolve 0.01 at best"),
        (1e-3, 3_000, "weak: hangs on 3 errors, 30 are needed"),
        (1e-3, 30_000, ""),
    ],
)
def test_says_how_far_so_many_comparisons_reach(rate, comparisons, expected):
    assert resolution_note(rate, comparisons) == expected


def test_with_too_few_impostors_nothing_above_the_highest_is_let_in():
    curve = roc_curve([0.9, 0.7, 0.6, 0.5], np.array([True, False, True, False]))
    point = operating_point(curve, fmr=0.001)
    assert (point.fmr, point.tmr, point.threshold, point.false_matches) == (0.0, 0.5, 0.9, 0)
    assert point.note.startswith("too few")
    none = operating_point(roc_curve([0.2, 0.9], np.array([True, False])), fmr=0.0)
    assert (none.tmr, none.threshold > 0.9) == (0.0, True)


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([0.1, 0.2], [True, True], "at least one of each"),
        ([0.1, 0.2], [False, False], "at least one of each"),
        ([0.1], [True, False], "as many labels as scores"),
        ([float("nan"), 0.2], [True, False], "NaN"),
    ],
)
def test_scores_that_say_nothing_are_refused(scores, labels, message):
    with pytest.raises(ValueError, match=message):
        roc_curve(scores, np.array(labels))


def test_a_rate_is_a_share():
    curve = roc_curve([0.1, 0.2], np.array([True, False]))
    with pytest.raises(ValueError, match="between 0 and 1"):
        operating_point(curve, fmr=1.5)
