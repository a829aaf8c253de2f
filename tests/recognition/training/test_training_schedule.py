"""Learning rates: facenet's schedule files as they were meant, and its staircase."""

import pytest

from recognition.training.errors import TrainingError
from recognition.training.schedule import StepSchedule, read_schedule

CASIA = """# Learning rate schedule
# Maps an epoch number to a learning rate

0:  0.05
60: 0.005   # finer
80: 0.0005
91: -1
"""


def schedule(tmp_path, text):
    path = tmp_path / "schedule.txt"
    path.write_text(text, "utf-8")
    return read_schedule(path)


@pytest.mark.parametrize(
    ("epoch", "rate", "reason"),
    [
        (1, 0.05, "the entry of epoch 0 holds for the first"),
        (59, 0.05, "until the next"),
        (60, 0.005, "from its own epoch on"),
        (80, 0.0005, "a comment behind a rate is none of it"),
        (90, 0.0005, "the last epoch"),
        (91, None, "-1 ends training"),
        (5000, None, "for good"),
    ],
)
def test_the_casia_file_says_what_holds_in_every_epoch(tmp_path, epoch, rate, reason):
    assert schedule(tmp_path, CASIA).rate(epoch) == rate, reason


def test_beyond_its_last_line_the_last_rate_holds(tmp_path):
    """facenet's reader returns nothing here, which trains with no learning rate at all."""
    found = schedule(tmp_path, "0: 0.1\n300: 0.01\n1000: 0.0001\n")
    assert [found.rate(epoch) for epoch in (1000, 1001, 10**6)] == [0.0001] * 3


def test_a_dash_ends_training_like_minus_one(tmp_path):
    assert schedule(tmp_path, "0: 0.1\n5: -\n").rate(5) is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no learning rate"),
        ("# only words\n", "no learning rate"),
        ("0: 0.1\nten: 0.2\n", "line 2 is 'ten: 0.2'"),
        ("0 0.1\n", "line 1 is '0 0.1'"),
        ("0: fast\n", "line 1 is '0: fast'"),
        ("0: -0.5\n", "-0.5 is no learning rate"),
        ("0: nan\n", "nan is no learning rate"),
        ("0: 0.1\n9: 0.2\n9: 0.3\n", "epoch 9 does not come after 9"),
        ("30: 0.1\n", "begins with epoch 30"),
    ],
)
def test_a_line_that_does_not_fit_is_named(tmp_path, text, complaint):
    with pytest.raises(TrainingError, match=complaint) as caught:
        schedule(tmp_path, text)
    assert caught.value.code == "training.schedule"


def test_a_file_that_is_not_there_is_an_error_of_ours(tmp_path):
    with pytest.raises(TrainingError, match="cannot be read"):
        read_schedule(tmp_path / "none.txt")


def test_the_staircase_falls_after_whole_periods_and_is_flat_by_default():
    stairs = StepSchedule(0.1, factor=0.5, every=10)
    assert [stairs.rate(epoch) for epoch in (1, 10, 11, 20, 21)] == [0.1, 0.1, 0.05, 0.05, 0.025]
    assert StepSchedule(0.1).rate(500) == 0.1
