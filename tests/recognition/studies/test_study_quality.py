"""The quality study on drawn faces: pictures are degraded, lost faces count, tables are monotone."""

import csv
import functools
import json

import numpy as np
import pytest

from recognition import cli
from recognition.errors import RecognitionError
from recognition.studies.quality import choose_pictures, falling_steps
from tests.faces import write_roster
from tests.recognition.made_sets import write_set

PEOPLE, PHOTOS = 4, 2


@pytest.fixture(scope="module")
def roster(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quality-roster")
    write_roster(folder, people=PEOPLE, photos=PHOTOS, size_px=(240, 180))
    return folder


@pytest.fixture(scope="module", autouse=True)
def engines():
    from recognition import pipeline

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "load_engine", functools.cache(pipeline.load_engine))
        yield


@pytest.fixture
def study(roster, cache_dir, tmp_path, capsys):
    def run(*arguments, code=0, out=tmp_path / "out", data=roster):
        engine = ["--device", "cpu", "--precision", "f32", "--cache-dir", str(cache_dir)]
        command = ["study", "quality", str(data), str(out), *engine, *map(str, arguments)]
        assert cli.main(command) == code
        printed = capsys.readouterr()
        return printed.out, printed.err

    return run


def test_a_face_that_is_lost_among_few_pixels_costs_val_and_the_table_is_monotone(study, tmp_path):
    out, _ = study("--jpeg", "90", "--pixels", "150", "43200", "--far", "0.05", "--json")
    answer = json.loads(out)
    rows = {f"{row['kind']} {row['value']}": row for row in answer["rows"]}
    untouched, few = rows["untouched None"], rows["pixels 150"]
    assert untouched["found"] == untouched["pictures"] == PEOPLE * PHOTOS
    assert untouched["genuine_pairs"] == PEOPLE
    assert untouched["val"] == 1.0
    assert few["found"] < PEOPLE * PHOTOS
    assert few["val"] < untouched["val"]
    assert few["val_fixed"] <= 0.5  # the threshold of good pictures helps nobody whose face is lost
    assert few["pictures"] == PEOPLE * PHOTOS
    for figure in ("val", "auc", "threshold"):  # as many pixels as there were: nothing changes
        assert rows["pixels 43200"][figure] == untouched[figure]
    assert answer["falls"] == []
    for name in ("jpeg.png", "pixels.png"):
        assert (tmp_path / "out" / name).read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "out" / "table.csv").open() as file:
        assert [row["kind"] for row in csv.DictReader(file)] == [
            "untouched",
            "jpeg",
            "pixels",
            "pixels",
        ]


def test_a_study_that_is_done_is_answered_without_measuring_again(study, monkeypatch):
    first, _ = study("--jpeg", "30", "--pixels", "--json")

    def measured(*_, **__):
        raise AssertionError("measured again")

    monkeypatch.setattr("recognition.studies.quality.judge_vectors", measured)
    again, told = study("--jpeg", "30", "--pixels", "--json")
    assert json.loads(again)["rows"] == json.loads(first)["rows"]
    assert "jpeg-30 (kept from before)" in told
    _, refused = study("--jpeg", "30", "--pixels", "--far", "0.5", code=1)
    assert "study.other" in refused


def test_the_crop_alone_can_be_degraded_and_no_face_is_then_lost(study):
    out, _ = study("--stage", "crop", "--jpeg", "--pixels", "100", "--far", "0.05", "--json")
    untouched, few = json.loads(out)["rows"]
    assert few["found"] == untouched["found"] == PEOPLE * PHOTOS
    assert few["auc"] <= untouched["auc"]
    assert few["threshold"] != untouched["threshold"]


def test_people_read_a_table_and_what_was_left_out_is_named(study, roster, tmp_path):
    data = tmp_path / "data"
    write_roster(data, people=2, photos=2, size_px=(240, 180))
    next(data.rglob("*_0001.jpg")).write_bytes(b"no picture")
    out, told = study("--jpeg", "50", "--pixels", code=1, data=data)
    assert "VAL kept" in out
    assert "3 pictures of 2 people" in out
    assert "jpeg 50" in out
    assert "1 pictures are none or show no face" in told


def test_people_with_one_picture_say_nothing_about_genuine_pairs(tmp_path):
    write_set(tmp_path, {"a": 3, "b": 1, "c": 2, "d": 5})
    chosen = choose_pictures(tmp_path, people=None, photos=3)
    assert [path.parent.name for path in chosen.files] == [*"aaaccddd"]
    assert chosen.labels.tolist() == [0, 0, 0, 1, 1, 2, 2, 2]
    few = choose_pictures(tmp_path, people=2, photos=3)
    assert {path.parent.name for path in few.files} == {"a", "d"}


def test_a_set_without_pairs_is_refused(tmp_path):
    write_set(tmp_path, {"a": 3, "b": 1})
    with pytest.raises(RecognitionError, match="1 folders with two pictures or more") as refused:
        choose_pictures(tmp_path, people=None, photos=3)
    assert refused.value.code == "input.empty"


def test_neighbours_in_the_wrong_order_are_named():
    rows = [
        {"kind": "jpeg", "value": value, "val": val}
        for value, val in ((90, 0.9), (10, 0.5), (50, 0.95))
    ]
    ((worse, better),) = falling_steps(rows)
    assert (worse["value"], better["value"]) == (50, 90)
    assert np.isclose(worse["val"] - better["val"], 0.05)
