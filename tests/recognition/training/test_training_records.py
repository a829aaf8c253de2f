"""A run's folder says what was done, and survives being stopped between any two lines."""

import csv
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import cv2
import pytest
import torch
from made_training import MadePeople, settings

from recognition.networks.files import file_metadata, load_network
from recognition.training.errors import TrainingError
from recognition.training.objectives import LossWeights
from recognition.training.records import RunFolder, open_run
from recognition.training.softmax import train_softmax

pytestmark = pytest.mark.usefixtures("one_torch_thread")
NOON = datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    return train_softmax(
        MadePeople(4, 6, damaged=frozenset({2})),
        settings(tmp_path_factory.mktemp("runs"), epochs=2, validation_share=0.4),
        weights=LossWeights(center=0.01, prelogits_norm=1e-3),
        arguments={"network": "dummy", "data": Path("faces")},
        say=lambda words: None,
    )


def test_a_run_leaves_its_arguments_its_revision_its_numbers_its_curves_and_its_network(outcome):
    names = {path.name for path in outcome.run.iterdir()}
    assert names >= {
        "arguments.json", "revision.json", "steps.jsonl", "epochs.jsonl", "epochs.csv",
        "prelogits_histogram.jsonl", "learning_curves.png", "damaged_pictures.json",
        "checkpoints", "network.safetensors",
    }  # fmt: skip
    assert json.loads((outcome.run / "arguments.json").read_text())["data"] == "faces"
    revision = json.loads((outcome.run / "revision.json").read_text())
    git = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "HEAD"],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert revision["commit"] == (git.stdout.strip() or "unknown: no git checkout")
    assert revision["torch"] == torch.__version__


def test_every_step_and_epoch_has_its_numbers(outcome):
    steps = [json.loads(line) for line in (outcome.run / "steps.jsonl").read_text().splitlines()]
    assert [row["step"] for row in steps] == list(range(1, 9))
    assert {"loss", "cross_entropy", "center", "prelogits_norm", "accuracy",
            "gradient_norm", "learning_rate"} <= steps[0].keys()  # fmt: skip
    with (outcome.run / "epochs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert float(rows[1]["val_accuracy"]) == outcome.last["val_accuracy"]
    assert float(rows[0]["loss"]) == pytest.approx(sum(row["loss"] for row in steps[:4]) / 4)
    assert 0.0 <= float(rows[0]["loading_share"]) <= 1.0


def test_the_histogram_has_a_line_an_epoch(outcome):
    lines = (outcome.run / "prelogits_histogram.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["epoch"] for row in rows] == [1, 2]
    assert len(rows[0]["counts"]) == 1000
    # eight prelogits of every picture; a damaged one would be in none of the batches
    assert 4 * 11 * 8 <= sum(rows[0]["counts"]) <= 4 * 12 * 8


def test_the_curves_are_a_picture(outcome):
    picture = cv2.imread(str(outcome.run / "learning_curves.png"))
    assert picture.shape[1] > 800
    assert len({tuple(colour) for colour in picture[::7, ::7].reshape(-1, 3)}) > 5


def test_damaged_pictures_are_named_and_counted(outcome):
    expected = {"p00/2.png": "This picture is damaged."}
    assert json.loads((outcome.run / "damaged_pictures.json").read_text()) == expected
    assert outcome.problems == expected


def test_a_run_that_goes_on_remembers_what_it_left_out_before(tmp_path):
    def trained(logs, damaged, **options):
        source = MadePeople(2, 6, damaged=frozenset({damaged}))
        return train_softmax(source, settings(logs, **options), say=lambda words: None)

    first = trained(tmp_path, 2, epochs=1)
    assert list(first.problems) == ["p00/2.png"]
    again = trained(first.run, 2, epochs=1, resume=True)  # nothing left to do
    assert again.problems == first.problems
    further = trained(first.run, 7, epochs=2, resume=True)
    assert set(further.problems) == {"p00/2.png", "p01/1.png"}
    kept = json.loads((first.run / "damaged_pictures.json").read_text())
    assert kept == further.problems


def test_the_networks_file_says_how_its_pictures_were_prepared(outcome):
    assert load_network(outcome.network_file).name == "dummy"
    metadata = file_metadata(outcome.network_file)
    assert (metadata["scaling"], metadata["channel_order"]) == ("fixed", "rgb")


def test_a_run_is_named_by_its_date_and_two_in_a_second_do_not_meet(tmp_path):
    first = open_run(tmp_path, now=lambda: NOON)
    first.begin({})
    second = open_run(tmp_path, now=lambda: NOON)
    assert (first.path.name, second.path.name) == ("20261123-120005", "20261123-120005-2")


def test_what_comes_after_the_checkpoint_is_forgotten_also_half_a_line(tmp_path):
    run = RunFolder(tmp_path)
    for step in range(1, 6):
        run.add_step({"step": step, "loss": 0.5})
    for epoch in (1, 2):
        run.add_epoch({"epoch": epoch, "step": 2 * epoch, "loss": 0.5, "learning_rate": 0.1})
        run.add_histogram([1.0, 2.0], epoch=epoch, largest=1.0)
    with (tmp_path / "steps.jsonl").open("a") as file:
        file.write('{"step": 6, "lo')
    run.forget_after(step=2, epoch=1)
    assert [row["step"] for row in run.rows("steps")] == [1, 2]
    assert [row["epoch"] for row in run.rows("epochs")] == [1]
    assert [row["epoch"] for row in run.rows("prelogits_histogram")] == [1]


def test_a_run_that_goes_on_keeps_the_arguments_it_began_with(tmp_path):
    RunFolder(tmp_path).begin({"max_epochs": 5})
    RunFolder(tmp_path).begin({"max_epochs": 9})
    assert json.loads((tmp_path / "arguments.json").read_text()) == {"max_epochs": 5}
    assert json.loads((tmp_path / "arguments.2.json").read_text()) == {"max_epochs": 9}


def test_tensorboard_is_written_where_installed_and_missed_with_a_word_where_not(
    tmp_path, monkeypatch
):
    assert "not asked for" in RunFolder(tmp_path / "a").begin({})
    monkeypatch.setattr("recognition.training.records.find_spec", lambda name: None)
    word = RunFolder(tmp_path / "b").begin({}, has_tensorboard=True)
    assert "not installed" in word
    assert "pip install tensorboard" in word


def test_a_folder_that_cannot_be_written_is_an_error_of_ours(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match="cannot be written"):
        RunFolder(tmp_path / "file" / "run").begin({})
