"""The sweep keeps every row that was measured, and lets nothing into a table that is no part of it."""

import csv
import json

import pytest

from recognition.errors import RecognitionError
from recognition.studies.sweep import Step, means_of, run_sweep

STEPS = [Step(f"v{value}", {"value": value}) for value in (1, 2, 3)]


def silent(_):
    pass


class Measured:
    """Squares its steps, and remembers which ones it was asked for; ``breaks`` at one of them."""

    def __init__(self, breaks=None):
        self.asked = []
        self.breaks = breaks

    def __call__(self, step):
        if step.settings["value"] == self.breaks:
            raise KeyboardInterrupt
        self.asked.append(step.key)
        return {"square": step.settings["value"] ** 2}


def sweep(folder, measure, *, steps=STEPS, identity=None):
    return run_sweep(
        steps, study="squares", identity=identity or {"far": 0.1, "sizes": (1, 2)},
        folder=folder, measure=measure, say=silent,
    )  # fmt: skip


def test_rows_are_the_settings_and_what_was_measured_in_order(tmp_path):
    assert sweep(tmp_path / "new" / "study", Measured()) == [
        {"value": 1, "square": 1},
        {"value": 2, "square": 4},
        {"value": 3, "square": 9},
    ]
    with (tmp_path / "new" / "study" / "table.csv").open() as file:
        assert [*csv.DictReader(file)][2] == {"value": "3", "square": "9"}


def test_an_interrupted_study_goes_on_with_the_step_that_was_broken_off(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        sweep(tmp_path, Measured(breaks=3))
    again = Measured()
    assert [row["square"] for row in sweep(tmp_path, again)] == [1, 4, 9]
    assert again.asked == ["v3"]


def test_a_step_that_was_added_later_is_measured_alone_and_no_row_is_lost(tmp_path):
    sweep(tmp_path, Measured())
    again = Measured()
    rows = sweep(tmp_path, again, steps=[Step("v4", {"value": 4}), STEPS[0]])
    assert again.asked == ["v4"]
    assert [row["square"] for row in rows] == [16, 1]
    assert set(json.loads((tmp_path / "study.json").read_text())["rows"]) == {
        "v1",
        "v2",
        "v3",
        "v4",
    }


def test_a_folder_with_another_study_is_refused_and_kept_and_the_difference_named(tmp_path):
    sweep(tmp_path, Measured())
    before = (tmp_path / "study.json").read_bytes()
    with pytest.raises(RecognitionError, match=r"far 0\.1, now 0\.2") as refused:
        sweep(tmp_path, Measured(), identity={"far": 0.2, "sizes": [1, 2]})
    assert refused.value.code == "study.other"
    assert (tmp_path / "study.json").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "empty"),
        ("{", "cut off"),
        ("[1]", "no study"),
        ('{"study": "squares", "identity": {}, "rows": [1]}', "rows that are none"),
        ('{"study": "squares", "identity": {}, "rows": {"v1": 3}}', "a row that is none"),
    ],
)
def test_a_damaged_file_is_named_and_never_overwritten(tmp_path, content, reason):
    (tmp_path / "study.json").write_text(content)
    with pytest.raises(RecognitionError, match="holds no study that can go on") as refused:
        sweep(tmp_path, Measured())
    assert refused.value.code == "study.unreadable", reason
    assert (tmp_path / "study.json").read_text() == content


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RecognitionError, match="cannot be written") as refused:
        sweep(tmp_path / "file", Measured())
    assert refused.value.code == "output.unwritable"


def test_a_figure_that_does_not_exist_is_none_in_the_file(tmp_path):
    def measure(step):
        return {"loss": float("nan")}

    assert sweep(tmp_path, measure, steps=STEPS[:1]) == [{"value": 1, "loss": None}]


@pytest.mark.parametrize("key", ["", "../up", "a b", "A"])
def test_a_step_has_a_name_that_a_folder_can_have(key):
    with pytest.raises(ValueError, match="a step is called"):
        Step(key)


def test_means_are_over_the_runs_of_one_value_with_the_spread_of_the_sample():
    rows = [
        {"size": 64, "seed": 1, "val": 0.5, "genuine": 9},
        {"size": 64, "seed": 2, "val": 0.7, "genuine": 9},
        {"size": 128, "seed": 1, "val": 0.9, "genuine": 9},
    ]
    first, second = means_of(rows, by="size", figures=["val"])
    assert first == {
        "size": 64, "genuine": 9, "val": pytest.approx(0.6), "runs": 2,
        "val_std": pytest.approx(0.2 / 2**0.5),
    }  # fmt: skip
    assert second["val"] == 0.9
    assert second["val_std"] is None
