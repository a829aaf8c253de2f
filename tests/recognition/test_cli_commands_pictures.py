"""``compare`` and ``cluster`` on drawn pictures, from files to matrix and folders."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from recognition import cli
from recognition.cli import compare
from recognition.decision.comparison import PROFILES
from tests.faces import DISTINCT, empty_room, jpeg_bytes, render_scene, write_roster

SIZE = (320, 240)


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """Three people with three photos each, in folders of their names."""
    root = tmp_path_factory.mktemp("album")
    write_roster(root, people=3, photos=3, size_px=SIZE)
    return root


def pictures(album, *chosen):
    files = sorted(album.rglob("*.jpg"))
    return [files[number] for number in chosen]


def test_compare_prints_the_matrix_of_the_seed_and_a_verdict_for_each_pair(run, album):
    files = pictures(album, 0, 1, 3)
    code, out, _ = run("compare", *files)
    assert code == 0
    matrix = np.array([line.split()[2:] for line in out.splitlines()[1:4]])
    assert all(len(cell.split(".")[1]) == 4 for cell in matrix.ravel())
    numbers = matrix.astype(float)
    np.testing.assert_array_equal(numbers, numbers.T)
    np.testing.assert_array_equal(np.diag(numbers), 0.0)
    assert numbers[0, 1] < 0.6
    assert numbers[0, 2] > 0.9
    verdicts = [line.split()[2] for line in out.splitlines() if "Ada_Brink_0001" in line][2:]
    assert verdicts == ["same", "different"]
    assert "The same from a cosine of 0.3918 on" in out
    assert "reach it: 1.0e-04" in out


def test_compare_in_json_has_the_numbers_in_full(run, album):
    files = pictures(album, 0, 1)
    code, out, _ = run("compare", *files, "--profile", "non-cooperative", "--json")
    assert code == 0
    report = json.loads(out)
    assert report["files"] == [str(path) for path in files]
    assert report["threshold"] == PROFILES["non-cooperative"].verification_threshold()
    assert report["fmr"]["value"] == pytest.approx(1e-5)
    (pair,) = report["pairs"]
    assert pair["cosine"] == pytest.approx(report["cosine"][0][1])
    assert pair["distance"] == pytest.approx(report["distance"][1][0])
    assert pair["distance"] ** 2 == pytest.approx(2 - 2 * pair["cosine"])


def test_compare_leaves_out_and_names_what_shows_no_face(run, album, tmp_path):
    empty = tmp_path / "room.jpg"
    empty.write_bytes(jpeg_bytes(empty_room(seed=1)))
    gone = tmp_path / "gone.jpg"
    files = pictures(album, 0, 1)
    code, out, err = run("compare", empty, *files, gone, "--json")
    assert code == 1
    report = json.loads(out)
    assert report["files"] == [str(path) for path in files]
    assert set(report["problems"]) == {str(empty), str(gone)}
    code, _, err = run("compare", files[0], empty)
    assert code == 1
    assert f"{empty}: no face was found" in err
    assert "Of 2 pictures 1 show a face" in err


def test_a_picture_is_at_no_distance_from_itself(run, album):
    (file,) = pictures(album, 0)
    code, out, _ = run("compare", file, file, "--json")
    assert code == 0
    assert json.loads(out)["pairs"][0]["distance"] == pytest.approx(0.0, abs=1e-3)


def test_of_many_pictures_only_the_pairs_that_reach_the_threshold_are_listed(
    run, album, monkeypatch
):
    monkeypatch.setattr(compare, "_MATRIX_UP_TO", 4)
    files = pictures(album, *range(9))
    code, out, _ = run("compare", *files, "--threshold", "0.7", "--json")
    assert code == 0
    report = json.loads(out)
    assert "distance" not in report
    expected = [(a, b) for a in range(9) for b in range(a + 1, 9) if a // 3 == b // 3]
    assert sorted((pair["a"], pair["b"]) for pair in report["pairs"]) == expected
    scores = [pair["cosine"] for pair in report["pairs"]]
    assert scores == sorted(scores, reverse=True)


def crops(folder):
    return {path.name: len(list(path.iterdir())) for path in folder.iterdir() if path.is_dir()}


@pytest.mark.parametrize("method", ["dbscan", "chinese-whispers", "agglomerative"])
def test_cluster_puts_each_person_into_a_folder(run, album, tmp_path, method):
    out = tmp_path / "out"
    code, printed, _ = run(
        "cluster", album, "--out", out, "--method", method, "--threshold", "0.7", "--truth"
    )
    assert code == 0
    assert crops(out) == {"0": 3, "1": 3, "2": 3}
    assert "adjusted Rand index 1.0000" in printed
    with Image.open(out / "0" / "0.png") as crop:
        assert (crop.format, crop.size) == ("PNG", (160, 160))
    with (out / "clusters.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    owners = {}
    for row in rows:
        owners.setdefault(row["crop"].split("/")[0], set()).add(row["picture"].split("/")[-2])
        assert int(row["width_px"]) > 40
    assert sorted(map(len, owners.values())) == [1, 1, 1]
    assert len(rows) == 9


def test_every_face_of_a_group_goes_to_its_own_person(run, tmp_path):
    pictures_of = tmp_path / "in"
    pictures_of.mkdir()
    for number, shown in enumerate([(0, 1, 2), (1, 2, 0), (2, 0, 1)]):
        people = [(DISTINCT[who], 20 + 210 * n, 110, 190) for n, who in enumerate(shown)]
        (pictures_of / f"{number}.jpg").write_bytes(jpeg_bytes(render_scene(people, seed=number)))
    out = tmp_path / "out"
    code, printed, _ = run("cluster", pictures_of, "--out", out, "--threshold", "0.7", "--json")
    assert code == 0
    assert json.loads(printed)["sizes_written"] == [3, 3, 3]
    assert crops(out) == {"0": 3, "1": 3, "2": 3}


def test_small_clusters_and_all_but_the_largest_can_be_left_out(run, album, tmp_path):
    files = pictures(album, 0, 1, 2, 3, 4, 6)
    small, one = tmp_path / "small", tmp_path / "one"
    common = ["--threshold", "0.7", "--json"]
    run("cluster", *files, "--out", small, "--min-cluster-size", 2, *common)
    assert crops(small) == {"0": 3, "1": 2}
    _, out, _ = run("cluster", *files, "--out", one, "--largest-cluster-only", *common)
    assert crops(one) == {"0": 3}
    assert json.loads(out)["clusters"] == 3
    assert sorted(path.name for path in one.iterdir()) == ["0", "clusters.csv"]


def test_a_folder_that_holds_something_is_not_mixed_up_with_another_run(run, album, tmp_path):
    (tmp_path / "mine.txt").write_text("keep me")
    code, _, err = run("cluster", album, "--out", tmp_path)
    assert code == 1
    assert "output.not_empty" in err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_threshold_that_groups_nothing_is_refused_and_leaves_nothing_behind(run, album, tmp_path):
    out = tmp_path / "out"
    code, _, err = run(
        "cluster", *pictures(album, 0), *pictures(album, 1), "--out", out, "--threshold", "1"
    )
    assert code == 1
    assert "input.unsuitable: threshold is 1.0" in err
    assert list(out.iterdir()) == []


def test_pictures_without_faces_make_no_clusters(run, tmp_path):
    empty = tmp_path / "room.jpg"
    empty.write_bytes(jpeg_bytes(empty_room(seed=2)))
    code, _, err = run("cluster", empty, "--out", tmp_path / "out")
    assert code == 1
    assert "input.empty: No usable face was found in 1 pictures" in err
    code, _, err = run("cluster", tmp_path / "out", "--out", tmp_path / "again")
    assert "input.empty: No picture lies in" in err


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("compare", ["distance² = 2 - 2\ncosine", "python -m recognition compare", "exit code 1"]),
        ("cluster", ["chinese-whispers", "python -m recognition cluster", "--min-cluster-size"]),
    ],
)
def test_help_teaches(command, told, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([command, "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert all(part in text for part in told), text
