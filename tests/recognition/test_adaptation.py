"""A site's own head: what it learns, when it is refused, and that nothing of it is left to chance."""

from __future__ import annotations

import json

import numpy as np
import pytest

from recognition.adaptation.fitting import STRENGTHS, fit_head
from recognition.adaptation.head import LinearHead, load_head, save_head
from recognition.adaptation.judging import HeldOut, judge, match_rate, rate_for
from recognition.adaptation.sample import (
    MIN_COMPARISONS,
    MIN_PEOPLE,
    MOST_PEOPLE,
    MOST_PICTURES,
    PARTS,
    Sample,
    lacking,
)
from recognition.adaptation.training import Training
from recognition.errors import ModelRejected

D = 24
PLAIN = np.zeros(D, np.float32)


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def made(people: int, pictures: int = 4, *, camera: float = 0.0, seed: int = 3) -> Sample:
    """People evenly spread, their pictures by even noise; ``camera`` moves pictures along four
    directions that tell nothing of who it is."""
    random = np.random.default_rng(seed)
    centres = np.repeat(unit(random.normal(size=(people, D))), pictures, axis=0)
    nuisance = np.zeros((len(centres), D))
    nuisance[:, :4] = random.normal(size=(len(centres), 4)) * camera
    vectors = unit(centres + random.normal(size=centres.shape) * 0.09 + nuisance)
    owners = np.repeat([f"p{n:04}" for n in range(people)], pictures).tolist()
    return Sample.of(vectors, owners=owners, prior_mean=PLAIN, base_space="ab" * 8)


def every(sample: Sample) -> np.ndarray:
    return np.arange(len(sample.owners))


def test_no_strength_is_the_base_model_itself():
    sample = made(20)
    head = fit_head(sample, rows=every(sample), strength=0.0)
    np.testing.assert_allclose(head.weights, np.eye(D), atol=1e-6)
    np.testing.assert_allclose(head.apply(sample.vectors), sample.vectors, atol=1e-6)


def test_what_differs_between_pictures_of_one_person_counts_for_less():
    sample = made(200, camera=0.35)
    head = fit_head(sample, rows=every(sample), strength=0.8)
    lengths = np.linalg.norm(head.weights, axis=1)
    assert lengths[:4].max() < 0.7 * lengths[4:].min()


@pytest.mark.parametrize("strength", [-0.1, 1.0, 2.0])
def test_a_strength_that_trusts_the_spread_wholly_is_refused(strength):
    with pytest.raises(ValueError, match="expected at least 0 and below 1"):
        fit_head(made(5), rows=np.arange(10), strength=strength)


def test_people_with_one_picture_each_teach_nothing():
    sample = made(6, 2)
    with pytest.raises(ValueError, match="Nobody has two pictures"):
        fit_head(sample, rows=np.arange(0, 12, 2), strength=0.5)


def test_a_site_whose_cameras_disturb_gets_a_better_model():
    outcome = Training(made(90, camera=0.35)).run()
    assert outcome.verdict == "better"
    assert outcome.head is not None
    assert min(outcome.strengths) > 0.0
    assert 0.0 < outcome.judgement.tmr.low <= outcome.judgement.tmr.gain
    assert outcome.judgement.people == 90, "everybody is held out once"


def test_a_site_with_nothing_to_learn_is_told_so_and_gets_no_model():
    outcome = Training(made(90)).run()
    assert outcome.verdict == "no_gain"
    assert outcome.head is None
    assert outcome.judgement.tmr.low <= 0.0


def test_pure_chance_is_called_better_hardly_ever():
    """2.5 % of sites may be by the interval's own promise; of twenty, at most two."""
    verdicts = [Training(made(48, 4, seed=100 + n)).run().verdict for n in range(20)]
    assert verdicts.count("better") <= 2


def test_too_few_people_are_told_how_many_more_are_needed():
    outcome = Training(made(20)).run()
    assert (outcome.verdict, outcome.head, outcome.judgement) == ("too_few_people", None, None)
    assert outcome.need.more_people == MIN_PEOPLE - 20


@pytest.mark.parametrize(
    ("people", "pictures", "is_enough", "why"),
    [
        (44, 8, False, "fewer than fifteen in a part"),
        (45, 4, True, "45 people of four pictures make 3,000 comparisons of two people"),
        (45, 2, False, "with two pictures each they do not"),
        (69, 2, True, "more people make up for pictures"),
        (500, 1, False, "one picture each is none to compare with"),
    ],
)
def test_enough_is_counted_in_people_and_in_comparisons(people, pictures, is_enough, why):
    need = lacking([pictures] * people)
    assert need.is_enough == is_enough, why
    grown = lacking([max(pictures, 2)] * (need.people + need.more_people))
    assert grown.is_enough
    assert grown.comparisons >= MIN_COMPARISONS


def test_the_same_sample_gives_the_same_outcome_to_the_last_digit():
    first, second = (Training(made(60, camera=0.3)).run() for _ in range(2))
    assert first.figures() == second.figures()
    assert first.head.digest == second.head.digest


@pytest.mark.parametrize("after", [1, 9, 41])
def test_training_that_was_killed_goes_on_to_the_same_outcome(after):
    whole = Training(made(60, camera=0.3))
    expected = whole.run()

    class Killed(Exception):
        pass

    first = Training(made(60, camera=0.3))

    def die(step):
        if step.done == after:
            raise Killed

    with pytest.raises(Killed):
        first.run(die)
    kept = json.loads(json.dumps(first.scores))
    assert len(kept) == after
    done: list[int] = []
    again = Training(made(60, camera=0.3), known=kept)
    outcome = again.run(lambda step: done.append(step.done))
    assert done == list(range(after + 1, again.total + 1))
    assert outcome.figures() == expected.figures()
    assert outcome.head.digest == expected.head.digest


def test_another_person_or_picture_is_another_sample():
    digests = {made(10).digest, made(11).digest, made(10, 3).digest, made(10, seed=4).digest}
    assert len(digests) == 4


def test_figures_hold_no_vector_and_no_name():
    figures = Training(made(60, camera=0.3)).run().figures()
    assert "p00" not in json.dumps(figures, allow_nan=False)
    assert max(len(value) for value in figures.values() if isinstance(value, list)) == PARTS
    assert all(
        isinstance(value, float | int) or set(value) == {"base", "adapted", "low", "high"}
        for value in figures["judgement"].values()
    )


def test_a_sample_takes_a_few_pictures_of_each_and_people_of_the_whole_range():
    count = MOST_PEOPLE + 50
    owners = [f"p{n:05}" for n in range(count) for _ in range(2)] + ["busy"] * 30 + ["once"]
    vectors = unit(np.random.default_rng(1).normal(size=(len(owners), D)))
    sample = Sample.of(vectors, owners=owners, prior_mean=PLAIN, base_space="x")
    assert sample.people == MOST_PEOPLE
    assert "once" not in sample.owners
    assert (sample.owners == "busy").sum() == MOST_PICTURES


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"owners": ["a"]}, "owners came with vectors"),
        ({"prior_mean": np.zeros(3, np.float32)}, "A mean of"),
        ({"vectors": np.full((4, D), np.nan, np.float32)}, "not finite"),
    ],
)
def test_parts_that_do_not_fit_are_refused(change, said):
    parts = {
        "vectors": unit(np.ones((4, D))),
        "owners": list("aabb"),
        "prior_mean": PLAIN,
        "base_space": "x",
    }
    with pytest.raises(ValueError, match=said):
        Sample.of(**{**parts, **change})


def test_a_head_of_numbers_that_are_not_finite_is_never_made():
    with pytest.raises(ValueError, match="not finite"):
        LinearHead(np.full((D, D), np.inf, np.float32), PLAIN, "x", 0.5, 3, 6)


def test_a_head_reads_back_as_it_was_written(tmp_path):
    sample = made(20)
    head = fit_head(sample, rows=every(sample), strength=0.5)
    save_head(head, tmp_path / "head.safetensors")
    read = load_head(tmp_path / "head.safetensors")
    assert (read.digest, read.base_space, read.strength) == (head.digest, "ab" * 8, 0.5)
    assert (tmp_path / "head.safetensors").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", ["cut", "changed", "text"])
def test_a_damaged_head_is_refused(tmp_path, damage):
    sample = made(20)
    path = tmp_path / "head.safetensors"
    save_head(fit_head(sample, rows=every(sample), strength=0.5), path)
    content = path.read_bytes()
    path.write_bytes(
        {"cut": content[:-100], "changed": content[:-4] + b"\0\0\0@", "text": b"a head"}[damage]
    )
    with pytest.raises(ModelRejected, match="holds no head"):
        load_head(path)


def test_two_equal_models_differ_by_nothing():
    sample = made(60)
    judged = judge([HeldOut(sample.owners, sample.vectors, sample.vectors)], fmr=1e-2, seed=1)
    for figure in (judged.tmr, judged.rank1, judged.fnir):
        assert (figure.gain, figure.low, figure.high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("fmr", "accepted", "reason"),
    [
        (
            0.1,
            3 / 3,
            "one of twelve pairs of two may pass: what is nearer than the second, 60 degrees",
        ),
        (0.05, 2 / 3, "none may pass: what is nearer than 50 degrees"),
    ],
)
def test_shares_are_counted_as_by_hand(fmr, accepted, reason):
    """Pictures of one person lie 10, 57 and 10 degrees apart; of two, 50 at the nearest, then 60."""
    angles = np.radians([0, 10, 60, 117, 180, 190])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    owners = np.array(list("aabbcc"))
    judged = judge([HeldOut(owners, vectors, vectors)], fmr=fmr, seed=1)
    assert judged.tmr.base == pytest.approx(accepted), reason
    assert (judged.genuine, judged.impostors, judged.people) == (3, 12, 3)
    # The picture at 60 degrees is nearer to a's mean (55) than to b's other picture (57), and no
    # search of b's beats the 55 that a stranger may reach.
    assert judged.rank1.base == pytest.approx(5 / 6)
    assert judged.fnir.base == pytest.approx(2 / 6)
    # Of the ten rates from 0.01 to 0.1 the last alone lets one pair of two pass.
    assert match_rate(vectors, owners, fmr=0.01) == pytest.approx((9 * 2 + 3) / 30)


def test_a_model_that_is_better_everywhere_is_found_better():
    sample = made(60, camera=0.3)
    clean = made(60, camera=0.0)
    judged = judge([HeldOut(sample.owners, sample.vectors, clean.vectors)], fmr=1e-2, seed=1)
    assert judged.tmr.low > 0.0
    assert judged.fnir.high < 0.0
    assert match_rate(clean.vectors, clean.owners, fmr=1e-2) > match_rate(
        sample.vectors, sample.owners, fmr=1e-2
    )


@pytest.mark.parametrize(("pairs", "rate"), [(3_000, 1e-2), (29_999, 1e-2), (30_000, 1e-3)])
def test_the_finer_rate_is_asked_where_thirty_errors_would_show_it(pairs, rate):
    assert rate_for(pairs) == rate


def test_changing_nothing_is_always_one_of_the_choices():
    assert STRENGTHS[0] == 0.0
    assert list(STRENGTHS) == sorted(STRENGTHS)
