"""``align`` and ``quality`` on the command line: crops, totals, verdicts, exit codes."""

import json

import numpy as np
import pytest
from PIL import Image

from recognition import cli
from tests.faces import empty_room, render_face, render_scene


@pytest.fixture
def folder(tmp_path):
    """A drawn face, two of them, an empty room, and a file that is no picture."""
    source = tmp_path / "in" / "ann"
    source.mkdir(parents=True)
    Image.fromarray(render_face(30, size_px=(320, 240))).save(source / "one.png")
    scene = render_scene([(30, 20, 40, 150), (3, 200, 60, 100)], size_px=(320, 240))
    Image.fromarray(scene).save(source / "two.png")
    Image.fromarray(empty_room(size_px=(320, 240))).save(source / "empty.jpg")
    (source / "broken.jpg").write_bytes(b"no picture")
    return tmp_path


@pytest.fixture
def run(cache_dir, capsys):
    engine = ("--device", "cpu", "--cache-dir", str(cache_dir), "--threads", "1")

    def call(command, *arguments):
        code = cli.main([command, *map(str, arguments), *engine])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def pixels(path):
    with Image.open(path) as opened:
        return np.asarray(opened)


def test_align_cuts_reports_and_resumes(folder, run):
    arguments = (folder / "in", folder / "out", "--size", 96, "--margin", 16, "--json")
    code, out, err = run("align", *arguments)
    assert code == 1
    assert "broken.jpg" in err
    assert json.loads(out) == {
        "pictures": 4, "aligned_now": 3, "faces": 2, "without_face": 1, "middle_taken": 0,
        "unreadable": 1, "box_lines": 3,
    }  # fmt: skip
    for name in ("one", "two"):
        assert pixels(folder / f"out/ann/{name}.png").shape == (96, 96, 3)
    lines = (folder / "out/bounding_boxes.txt").read_text().splitlines()
    assert [len(line.split()) for line in lines] == [1, 5, 5]
    assert lines[0] == "ann/empty.png"
    (folder / "in/ann/broken.jpg").unlink()
    code, out, _ = run("align", *arguments)
    assert code == 0
    assert json.loads(out)["aligned_now"] == 0


def test_align_takes_all_faces_the_five_points_and_the_fallback(folder, run):
    (folder / "in/ann/broken.jpg").unlink()
    code, out, _ = run(
        "align", folder / "in", folder / "out", "--similarity", "--faces", "all",
        "--fallback", "centre-crop", "--random-order", "--seed", 1,
    )  # fmt: skip
    assert code == 0
    assert "3 faces, 0 without a face, 1 by their middle" in out
    names = sorted(path.name for path in (folder / "out/ann").iterdir())
    assert names == ["empty_0.png", "one_0.png", "two_0.png", "two_1.png"]
    assert pixels(folder / "out/ann/one_0.png").shape == (112, 112, 3)


def test_two_workers_make_what_one_makes(folder, run):
    for workers in (1, 2):
        run("align", folder / "in", folder / f"out{workers}", "--workers", workers)
    first, second = (
        {p.name: p.read_bytes() for p in (folder / f"out{n}").rglob("*") if p.suffix != ".json"
         and p.is_file()}
        for n in (1, 2)
    )  # fmt: skip
    assert first == second
    assert "one.png" in first


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gone", "out"), "is no folder"),
        (("in", "in/out"), "lies within"),
        (("in", "out", "--workers", "0"), "--workers"),
        (("in", "out", "--size", "0"), "size is 0"),
        (
            ("in", "out", "--size", "40", "--margin-convention", "facenet-pytorch"),
            "leaves no face",
        ),
    ],
    ids=["no input", "output within the input", "no worker", "no size", "all margin"],
)
def test_wrong_usage_is_named_with_exit_code_2(folder, run, arguments, message):
    first, second, *rest = arguments
    code, _, err = run("align", folder / first, folder / second, *rest)
    assert code == 2
    assert message in err


def test_other_options_for_the_same_folder_are_refused(folder, run):
    run("align", folder / "in", folder / "out")
    code, _, err = run("align", folder / "in", folder / "out", "--margin", 10)
    assert code == 2
    assert "other options" in err


def test_an_empty_folder_is_said_to_be_empty(tmp_path, run):
    (tmp_path / "in").mkdir()
    code, _, err = run("align", tmp_path / "in", tmp_path / "out")
    assert code == 1
    assert "no picture" in err


def test_quality_tells_every_component_with_its_verdict(folder, run):
    code, out, _ = run("quality", folder / "in/ann/one.png", "--fov", 90)
    assert code == 0, out
    assert "InterEyeDistance" in out
    assert "m away" in out
    dark = pixels(folder / "in/ann/one.png") // 8
    Image.fromarray(dark).save(folder / "dark.png")
    code, out, _ = run("quality", folder / "dark.png", "--json")
    assert code == 1
    (face,) = json.loads(out)["faces"]
    verdicts = {entry["component"]: entry["verdict"] for entry in face["components"]}
    assert "too_dark" in face["issues"]
    assert verdicts["brightness"] == "poor"
    assert verdicts["visible_fraction"] == "good"


def test_quality_goes_on_after_bad_files_and_says_which(folder, run):
    files = [folder / "in/ann" / name for name in ("broken.jpg", "empty.jpg", "one.png")]
    code, out, err = run("quality", *files)
    assert code == 1
    assert "broken.jpg" in err
    assert "empty.jpg: no face was found" in out
    assert "one.png, face 1 of 1" in out
    code, _, err = run("quality", files[2], "--fov", 190)
    assert code == 2
    assert "1 to 179" in err
