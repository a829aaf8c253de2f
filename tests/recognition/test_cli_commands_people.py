"""``export``, ``classify``, ``predict`` and ``identify`` on drawn people, from folder to answer.

Drawn faces resemble each other more than photos of strangers do (cosines up to 0.5), so most runs
name a cosine of 0.7.
"""

import json

import numpy as np
import pytest

from recognition import cli
from recognition.decision.comparison import PROFILES
from recognition.index import dequantise
from tests.faces import DISTINCT, jpeg_bytes, name_of, photo, render_scene, write_roster

SIZE = (320, 240)
STAFF = [name_of(identity) for identity in DISTINCT[:3]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three people with four photos, two probes of each and of a stranger, and a group photo."""
    root = tmp_path_factory.mktemp("people")
    write_roster(root / "people", people=3, photos=4, size_px=SIZE)
    for identity in DISTINCT[:4]:
        own = root / "probes" / name_of(identity).replace(" ", "_")
        own.mkdir(parents=True)
        for number in (5, 6):
            path = own / f"{number}.jpg"
            path.write_bytes(jpeg_bytes(photo(identity, number, size_px=SIZE)))
    shown = [DISTINCT[1], DISTINCT[7], DISTINCT[0]]
    scene = render_scene([(who, 20 + 210 * n, 110, 190) for n, who in enumerate(shown)])
    (root / "group.jpg").write_bytes(jpeg_bytes(scene))
    return root


@pytest.fixture(scope="module")
def classifier(folder, cache_dir):
    path = folder / "staff.safetensors"
    options = ["--device", "cpu", "--cache-dir", str(cache_dir), "--min-cosine", "0.7"]
    assert cli.main(["classify", "train", str(folder / "people"), str(path), *options]) == 0
    return path


def test_export_writes_one_row_a_photo_without_pickle(run, folder, tmp_path):
    extra = ["--batch-represent", "--quantised"]
    code, out, _ = run("export", folder / "people", tmp_path / "out", *extra)
    assert code == 0
    assert "12 vectors of 3 people" in out
    arrays = {path.stem: np.load(path, allow_pickle=False) for path in tmp_path.glob("out/*.npy")}
    assert arrays["embeddings"].shape == (12, 128)
    assert arrays["embeddings"].dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(arrays["embeddings"], axis=1), 1.0, atol=1e-5)
    assert arrays["labels"].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert arrays["label_strings"].tolist() == [name for name in STAFF for _ in range(4)]
    np.testing.assert_array_equal(arrays["signatures"], arrays["embeddings"])
    np.testing.assert_array_equal(arrays["gallery"], arrays["label_strings"])
    assert arrays["codes"].dtype == np.int8
    assert (dequantise(arrays["codes"]) * arrays["embeddings"]).sum(axis=1).min() > 0.999
    described = json.loads((tmp_path / "out" / "export.json").read_text())
    np.testing.assert_allclose(
        arrays["codes"] * described["step"], arrays["embeddings"], atol=described["step"]
    )
    assert described["space"]["dimension"] == 128
    assert [path.rsplit("/", 1)[1] for path in described["files"][:2]] == [
        "Ada_Brink_0001.jpg",
        "Ada_Brink_0002.jpg",
    ]


def test_export_names_the_photos_that_it_leaves_out(run, tmp_path):
    write_roster(tmp_path / "people", people=1, photos=1, size_px=SIZE)
    broken = tmp_path / "people" / "Ada_Brink" / "Ada_Brink_0000.jpg"
    broken.write_bytes(b"no picture")
    code, out, err = run("export", tmp_path / "people", tmp_path / "out")
    assert code == 1
    assert "1 photos were left out" in out
    assert err.startswith(f"{broken}: ")
    assert np.load(tmp_path / "out" / "embeddings.npy").shape == (1, 128)


def test_a_place_that_cannot_be_written_is_one_sentence(run, folder, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    nowhere = tmp_path / "gone" / "staff.safetensors"
    for arguments in (
        ["export", folder / "people", taken],
        ["classify", "train", folder / "people", nowhere],
    ):
        code, _, err = run(*arguments)
        assert code == 1
        assert err.startswith("output.unwritable: ")
    assert taken.read_text() == "a file"


def test_a_folder_without_a_usable_face_is_one_sentence(run, tmp_path):
    (tmp_path / "Ann").mkdir()
    (tmp_path / "Ann" / "1.jpg").write_bytes(b"no picture")
    code, _, err = run("export", tmp_path, tmp_path / "out")
    assert code == 1
    assert "input.empty: No photo in" in err
    assert not (tmp_path / "out").exists()


def test_a_classifier_names_staff_and_rejects_the_stranger(run, folder, classifier):
    code, out, _ = run("classify", "predict", classifier, folder / "probes", "--truth")
    assert code == 0
    rows = [line for line in out.splitlines() if "probes" in line]
    assert len(rows) == 8
    assert sum("unknown" in row and "unlike the photos of" in row for row in rows) == 2
    assert "Known faces: 6, 100.00% have the right person first, 100.00% are named right" in out
    assert "Strangers: 2, 0.00% are given somebody's name" in out


def test_the_split_trains_on_a_part_and_scores_with_the_rest(run, folder, tmp_path):
    settings = ["--min-images-per-class", "4", "--train-images-per-class", "3", "--kind", "knn"]
    path = tmp_path / "part.safetensors"
    code, out, _ = run("classify", "train", folder / "people", path, "--split", *settings, "--json")
    assert code == 0
    report = json.loads(out)
    assert (report["people"], report["photos"], report["kind"]) == (3, 9, "knn")
    assert report["scores"]["known"] == report["scores"]["named_right"] == 3
    assert path.is_file()


def test_a_split_that_leaves_nobody_is_refused(run, folder, tmp_path):
    path = tmp_path / "none.safetensors"
    code, _, err = run("classify", "train", folder / "people", path, "--split")
    assert code == 1
    assert "input.unsuitable: 0 people came" in err
    assert not path.exists()


def test_predict_names_each_face_of_a_group_by_itself(run, folder, classifier):
    code, out, _ = run("predict", classifier, folder / "group.jpg", "--json")
    assert code == 0
    picture = json.loads(out)
    assert [face["name"] for face in picture["faces"]] == [STAFF[1], None, STAFF[0]]
    edges = [face["box"]["x"] for face in picture["faces"]]
    assert edges == sorted(edges)


def test_predict_groups_the_names_by_picture_and_goes_on_after_a_bad_one(
    run, folder, classifier, tmp_path
):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    alone = folder / "probes" / "Cora_Lindt" / "5.jpg"
    code, out, err = run("predict", classifier, bad, folder / "group.jpg", alone)
    assert code == 1
    assert str(bad) in err
    blocks = out.split(str(folder))
    assert "group.jpg: 3 faces" in blocks[1]
    assert "unknown" in blocks[1]
    assert "5.jpg: 1 face\n" in blocks[2]
    assert "Cora Lindt" in blocks[2]


def test_a_classifier_that_is_none_is_refused_by_its_code(run, folder, tmp_path):
    path = tmp_path / "staff.pkl"
    path.write_bytes(b"\x80\x04cposix\nsystem\n")
    code, _, err = run("predict", path, folder / "group.jpg")
    assert code == 1
    assert err.startswith("classifier.invalid: ")


def test_identify_answers_with_kind_reason_threshold_and_candidates(run, folder):
    code, out, _ = run(
        "identify", folder / "people", folder / "group.jpg", "--threshold", "0.7", "--json"
    )
    assert code == 0
    report = json.loads(out)
    assert (report["people"], report["photos"], report["threshold"]) == (3, 12, 0.7)
    by_edge = sorted(report["faces"], key=lambda face: face["box"]["x"])
    assert [face["person_id"] for face in by_edge] == [STAFF[1], None, STAFF[0]]
    assert [face["reason"] for face in by_edge] == [
        "above_threshold",
        "below_grey_band",
        "above_threshold",
    ]
    assert len(by_edge[0]["candidates"]) == 3
    assert by_edge[0]["margin"] > 0.2


def test_identify_by_the_widest_person_says_who_that_is(run, folder):
    code, out, _ = run(
        "identify", folder / "people", folder / "probes", "--rule", "max-intra", "--truth"
    )
    assert code == 0
    assert "T = " in out
    assert any(f"photos of {name}: look at them" in out for name in STAFF)
    assert "0.0% of strangers would be given a name among 12 photos" in out
    assert "for 1.0%, the profile cooperative, a cosine of" in out
    assert "Known faces: 6, 100.00% have the right person first" in out
    assert "Strangers: 2, 0.00% are given somebody's name" in out


def test_the_threshold_of_the_profile_is_in_force_unless_one_is_given(run, folder):
    probe = folder / "probes" / "Ada_Brink" / "5.jpg"
    for name, profile in PROFILES.items():
        _, out, _ = run("identify", folder / "people", probe, "--profile", name, "--json")
        assert json.loads(out)["threshold"] == profile.identification_threshold(3)


def test_a_rule_that_finds_its_threshold_takes_none(run, folder):
    probe = folder / "group.jpg"
    code, _, err = run(
        "identify", folder / "people", probe, "--rule", "max-intra", "--threshold", "0.5"
    )
    assert code == 1
    assert "input.contradiction" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["identify", "people", "x.jpg", "--threshold", "1.5"],
        ["classify", "train", "people", "file", "--neighbours", "0"],
        ["classify", "train", "people"],
        ["classify"],
        ["predict", "file"],
        ["predict", "file", "x.jpg", "--min-probability", "often"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["export"], ["embeddings.npy", "python -m recognition export"]),
        (["classify"], ["classify train --help"]),
        (["classify", "train"], ["--split", "1 stranger in 100", "no pickle"]),
        (["classify", "predict"], ["probability:", "unknown:"]),
        (["predict"], ["left to right", "python -m recognition predict"]),
        (["identify"], ["--rule max-intra", "uncertain", "Exit code 1"]),
    ],
)
def test_help_teaches(command, told, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([*command, "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert all(part in text for part in told), text
