"""``manage.py calibrate``: what it measures of a folder, prints, and ends with."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from portal.people.models import Person
from tests.factories.faces import SPACE, face_of, quality, vector_of
from tests.factories.pictures import fresh_jpeg
from tests.realdata import real_photos
from workers.engine_host import EngineHost

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path, engine, host, monkeypatch):
    """Thirty people with three looks each, and six strangers, as a fake engine sees them."""
    monkeypatch.setattr(EngineHost, "build", classmethod(lambda cls, owner: host))
    drawn = np.random.default_rng(3)

    def look(identity: int) -> np.ndarray:
        noise = drawn.normal(size=SPACE.dimension)
        vector = vector_of(identity) + 0.6 * noise / np.linalg.norm(noise)
        return (vector / np.linalg.norm(vector)).astype(np.float32)

    root = tmp_path / "photos"
    for identity in range(30):
        for number in range(3):
            path = root / f"P{identity:02}" / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(engine.shows(fresh_jpeg(), face_of(look(identity))))
    (root / "_strangers" / "twice").mkdir(parents=True)
    for number in range(5):
        path = root / "_strangers" / f"S{number}.jpg"
        path.write_bytes(engine.shows(fresh_jpeg(), face_of(look(40 + number))))
    for number in range(2):
        path = root / "_strangers" / "twice" / f"{number}.jpg"
        path.write_bytes(engine.shows(fresh_jpeg(), face_of(look(50))))
    return root


def run(folder, *arguments: str) -> None:
    call_command("calibrate", "--data", str(folder), *arguments)


def test_the_answer_in_json_has_the_threshold_its_interval_and_its_cost(folder, capsys):
    run(folder, "--fpir", "0.05", "--json")
    found = json.loads(capsys.readouterr().out)
    low, high = found["threshold_interval"]
    assert low <= found["threshold"] <= high
    assert found["state"] == "done"
    assert found["fpir"]["value"] <= 0.05
    assert 0.0 <= found["fnir"]["low"] <= found["fnir"]["value"] <= found["fnir"]["high"]
    assert found["counts"] == {
        "photos": 97,
        "people": 30,
        "strangers": 6,
        "people_left_out": 30,
        "stranger_searches": 97,
        "mated_searches": 90,
        "mated_people": 30,
    }
    assert found["comparisons"] == 90 * 29 + 7 * 30
    assert not Person.objects.exists(), "nothing is stored"


def test_the_answer_in_words_says_the_same(folder, capsys):
    run(folder, "--fpir", "0.05")
    said = capsys.readouterr().out
    assert "30 people with 90 photos, 6 strangers: 2,820 comparisons of different people." in said
    assert "Asked for: 1 in 20 strangers named at most." in said
    assert "Threshold 0." in said
    assert "Enrolled people missed: " in said


def test_too_few_ends_with_three_and_says_how_many_more(folder, capsys):
    with pytest.raises(CommandError, match=r"Insufficient data: 96\d more people") as error:
        run(folder, "--fpir", "0.001", "--json")
    assert error.value.returncode == 3
    found = json.loads(capsys.readouterr().out)
    assert found["state"] == "insufficient"
    assert found["threshold"] is None
    assert found["missing"]["needed"] == 1000
    assert 0.0 < found["missing"]["claim"]["fpir_at_most"] < 1.0


def test_what_cannot_be_used_is_listed_with_its_reason(folder, engine, capsys):
    (folder / "P00" / "broken.jpg").write_bytes(b"no picture")
    (folder / "P00" / "empty.jpg").write_bytes(engine.shows(fresh_jpeg()))
    poor = face_of(0, measured=quality(eye_distance_px=4.0))
    (folder / "P00" / "small.jpg").write_bytes(engine.shows(fresh_jpeg(), poor))
    run(folder, "--fpir", "0.05", "--json")
    found = {
        line["file"].rsplit("/", 1)[1]: line["reason"]
        for line in json.loads(capsys.readouterr().out)["unusable"]
    }
    assert found["broken.jpg"] == "This file is not a readable picture."
    assert found["empty.jpg"] == "no face found"
    assert "too small" in found["small.jpg"]


def test_without_strangers_the_enrolled_stand_in_for_them(folder, capsys):
    shutil.rmtree(folder / "_strangers")
    run(folder, "--fpir", "0.05", "--json")
    found = json.loads(capsys.readouterr().out)
    assert (found["state"], found["counts"]["strangers"]) == ("done", 0)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (shutil.rmtree, "is not a folder"),
        (lambda root: [shutil.rmtree(one) for one in root.iterdir()], "holds no photos of people"),
        (
            lambda root: [shutil.rmtree(one) for one in root.glob("P*") if one.name != "P00"],
            "Photos of 1 people are usable; at least two people are needed",
        ),
    ],
    ids=["no folder", "an empty one", "one person"],
)
def test_a_folder_of_the_wrong_shape_is_explained(folder, make, said):
    make(folder)
    with pytest.raises(CommandError, match=said):
        run(folder)


@pytest.mark.parametrize("fpir", ["0", "1", "-0.1", "nan"])
def test_an_error_that_nobody_can_ask_for_is_refused(folder, fpir):
    with pytest.raises(CommandError, match="expected one between 0 and 1"):
        run(folder, "--fpir", fpir)


@pytest.mark.realdata
def test_real_photos_give_a_threshold_that_names_few_strangers(tmp_path, capsys):
    data = real_photos("lfw_small")
    (tmp_path / "photos").mkdir()
    for one in (data / "known").iterdir():
        (tmp_path / "photos" / one.name).symlink_to(one)
    (tmp_path / "photos" / "_strangers").symlink_to(data / "unknown")
    run(tmp_path / "photos", "--fpir", "0.02", "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["state"] == "done"
    assert found["counts"]["people"] == 48
    assert 0.3 < found["threshold"] < 0.55
    assert found["fnir"]["value"] < 0.1
