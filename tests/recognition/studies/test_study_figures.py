"""VAL, FAR and rank-1 against counting by hand."""

import numpy as np
import pytest

from recognition.evaluation.errors import TooFewComparisons
from recognition.studies.figures import judge_vectors


def on_circle(*degrees):
    radians = np.deg2rad(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def test_people_far_apart_are_told_apart_without_an_error():
    found = judge_vectors(on_circle(0, 5, 90, 95), labels=np.array([0, 0, 1, 1]), far=0.25)
    assert (found.val, found.far, found.auc, found.eer, found.rank_1) == (1, 0.25, 1, 0, 1)
    assert (found.genuine_pairs, found.impostor_pairs) == (2, 4)
    assert found.val_low < 1.0  # two people without an error say little


def test_val_counts_genuine_pairs_above_the_threshold_that_the_impostors_set():
    """Genuine pairs 10 and 60 degrees apart, impostors 20 at the least: one of two is accepted."""
    vectors = on_circle(0, 10, 30, 90)
    found = judge_vectors(vectors, labels=np.array([0, 0, 1, 1]), far=0.0)
    assert found.val == 0.5
    assert found.threshold == pytest.approx(np.cos(np.deg2rad(10)), abs=1e-6)
    assert (
        found.rank_1 == 0.75
    )  # 30's nearest is the stranger at 10; 90's is its mate, far as it is


def test_a_threshold_that_was_kept_is_judged_beside_the_one_that_was_chosen():
    vectors = on_circle(0, 10, 30, 90)
    fixed = float(np.cos(np.deg2rad(25)))
    found = judge_vectors(vectors, labels=np.array([0, 0, 1, 1]), far=0.0, fixed_threshold=fixed)
    assert found.val_fixed == 0.5
    assert found.far_fixed == 0.25  # 10 and 30 are 20 degrees apart


def test_a_picture_without_a_vector_matches_nobody_and_is_still_counted():
    vectors = np.concatenate([on_circle(0, 5, 90), np.zeros((1, 2), np.float32)])
    found = judge_vectors(vectors, labels=np.array([0, 0, 1, 1]), far=0.0)
    assert found.val == 0.5
    assert (found.found, found.pictures) == (3, 4)
    assert found.rank_1 == 0.5  # neither the lost one nor its mate finds the other


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2]])
def test_pairs_of_one_kind_only_have_no_figure(labels):
    with pytest.raises(TooFewComparisons, match="expected two people at least"):
        judge_vectors(on_circle(0, 5, 90), labels=np.array(labels), far=0.1)
