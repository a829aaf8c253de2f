"""``python -m recognition dataset …``: what people read, what programs read, exit codes."""

import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

from recognition.cli import _parser
from tests.faces import empty_room, jpeg_bytes, photo, portrait_frames, write_roster
from tests.recognition.made_sets import write_set
from tests.recognition.test_dataset_video import write_video

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    write_set(tmp_path / "faces", {"Ada": 4, "Bob": 3, "Cleo": 1})
    return tmp_path / "faces"


def test_packing_checking_and_unpacking(run, folder, tmp_path):
    (folder / "Ada" / "bad.jpg").write_bytes(b"x")
    code, printed, complaints = run(
        "dataset", "shards", "pack", folder, tmp_path / "s", "--per-shard", 3
    )
    assert code == 1  # something was left out
    assert "8 pictures of 3 people in 3 shards; 1 files were left out" in printed
    assert complaints.startswith("Ada/bad.jpg: ")
    assert run("dataset", "shards", "check", tmp_path / "s")[0] == 0
    assert "8 pictures" in run("dataset", "shards", "unpack", tmp_path / "s", tmp_path / "back")[1]
    (tmp_path / "s" / "shard-000000.tar").write_bytes(b"")
    code, printed, complaints = run("dataset", "shards", "check", tmp_path / "s", "--json")
    assert code == 1
    assert len(json.loads(printed)["damaged"]) == 3


def test_read_speed_is_printed_for_both_orders(run, folder):
    code, printed, _ = run("dataset", "read-speed", folder, "--rounds", 1, "--cold")
    assert code == 0
    lines = printed.splitlines()
    assert lines[0].startswith("8 pictures, ")
    assert [line.split()[:2] for line in lines[2:]] == [
        ["bytes", "stored"],
        ["bytes", "random"],
        ["decoded", "stored"],
        ["decoded", "random"],
    ]


def test_splitting_by_pictures_and_by_people(run, folder, tmp_path):
    out = ("--train", tmp_path / "train", "--held-out", tmp_path / "test")
    code, printed, complaints = run("dataset", "split", folder, *out, "--ratio", 0.4)
    assert code == 0
    assert "train: 4 pictures of 3 people" in printed
    assert "held out: 4 pictures of 2 people" in printed
    assert "Cleo" in complaints
    code, printed, _ = run(
        "dataset", "split", folder, "--train", tmp_path / "a", "--held-out", tmp_path / "b",
        "--by", "classes", "--ratio", 0.4, "--json",
    )  # fmt: skip
    found = json.loads(printed)
    assert (found["train"]["people"], found["held_out"]["people"]) == (1, 2)
    assert run("dataset", "split", folder, *out, "--ratio", 1)[0] == 1


def test_a_stranger_among_a_persons_photos_is_filtered_out(run, tmp_path):
    write_roster(tmp_path / "faces", people=3, photos=4, size_px=(320, 240))
    wrong = tmp_path / "faces" / "Ada_Brink" / "wrong.jpg"
    wrong.write_bytes(jpeg_bytes(photo(101, size_px=(320, 240))))
    code, printed, _ = run(
        "dataset", "filter", tmp_path / "faces", "--percentile", 93, "--keep", tmp_path / "clean",
        "--metrics", tmp_path / "m.npz", "--json",
    )  # fmt: skip
    found = json.loads(printed)
    assert code == 0
    assert found["too_far"] == ["Ada_Brink/wrong.jpg"]
    assert found["kept"] == 12
    assert len(list((tmp_path / "clean").rglob("*.jpg"))) == 12
    with np.load(tmp_path / "m.npz") as stored:
        assert stored["image_list"][stored["distance_to_center"].argmax()] == "Ada_Brink/wrong.jpg"
        assert stored["class_names"].tolist() == ["Ada_Brink", "Ben_Okoro", "Cora_Lindt"]


def test_twins_are_reported_by_kind_and_those_of_two_classes_are_marked(run, tmp_path):
    roster = write_roster(tmp_path / "faces", people=2, photos=1, size_px=(320, 240))
    (ada,), (ben,) = roster.values()
    shutil.copy(ada, ada.with_name("copy.jpg"))
    (ben.with_name("ada_again.jpg")).write_bytes(
        jpeg_bytes(photo(30, size_px=(320, 240))[8:-8, 8:-8], 60)
    )
    (ben.with_name("bad.jpg")).write_bytes(b"x")
    code, printed, _ = run("dataset", "duplicates", tmp_path / "faces", "--faces", "--json")
    assert code == 1
    found = json.loads(printed)
    kinds = {(pair["kind"], pair["two_classes"]) for pair in found["pairs"]}
    assert ("same bytes", False) in kinds
    assert {pair["two_classes"] for pair in found["pairs"] if "ada_again" in pair["second"]} == {
        True
    }
    assert [name for name in found["left_out"] if name.endswith("bad.jpg")]
    assert not [p for p in found["pairs"] if p["second"].endswith("Ben_Okoro_0001.jpg")]


def test_a_planted_overlap_is_found_by_name_by_file_and_by_face(run, tmp_path):
    write_roster(tmp_path / "a", people=3, photos=2, size_px=(320, 240))
    (tmp_path / "b" / "ada brink").mkdir(parents=True)  # the same name, spelled another way
    (tmp_path / "b" / "ada brink" / "1.jpg").write_bytes(jpeg_bytes(photo(90, size_px=(320, 240))))
    (tmp_path / "b" / "Somebody").mkdir()  # Ben's face under another name
    (tmp_path / "b" / "Somebody" / "1.jpg").write_bytes(
        jpeg_bytes(photo(44, 2, size_px=(320, 240)))
    )
    (tmp_path / "b" / "Other").mkdir()
    shutil.copy(tmp_path / "a" / "Cora_Lindt" / "Cora_Lindt_0001.jpg", tmp_path / "b" / "Other")
    code, printed, _ = run(
        "dataset", "overlap", tmp_path / "a", tmp_path / "b", "--faces", "--json"
    )
    assert code == 1
    found = json.loads(printed)
    assert found["same_name"] == ["ada brink"]
    assert found["same_file"] == ["Other/Cora_Lindt_0001.jpg"]
    assert {(m["first"], m["second"]) for m in found["same_face"]} == {
        ("Ben_Okoro", "Somebody"),
        ("Cora_Lindt", "Other"),
    }


def test_two_sets_apart_are_said_to_be(run, tmp_path):
    write_set(tmp_path / "a", {"Ada": 1})
    (tmp_path / "b" / "Bob").mkdir(parents=True)
    (tmp_path / "b" / "Bob" / "1.jpg").write_bytes(jpeg_bytes(empty_room(size_px=(64, 64))))
    code, printed, complaints = run("dataset", "overlap", tmp_path / "a", tmp_path / "b")
    assert (code, complaints) == (0, "")
    assert "in both: 0 by name, 0 files." in printed


@pytest.fixture
def videos(tmp_path):
    """One lying on its side in a person's folder, one without anybody, one that is none."""
    frames = portrait_frames(30, 4, size_px=(320, 240))
    (tmp_path / "videos" / "Ada").mkdir(parents=True)
    write_video(tmp_path / "videos" / "Ada" / "a.mp4", [np.rot90(f).copy() for f in frames])
    write_video(tmp_path / "videos" / "empty.mp4", [empty_room(size_px=(320, 240))] * 3)
    (tmp_path / "videos" / "broken.mp4").write_bytes(b"x" * 50)
    return tmp_path / "videos"


def test_faces_of_a_folder_of_videos(run, videos, tmp_path):
    code, printed, complaints = run("dataset", "faces", videos, tmp_path / "out", "--crop", 96)
    assert code == 1  # two videos gave nothing
    assert [line.split() for line in printed.splitlines()[1:]] == [
        ["a.mp4", "Ada", "90°", "4", "4"],
        ["broken.mp4", "broken", "–", "0", "0"],
        ["empty.mp4", "empty", "–", "3", "0"],
    ]
    assert "no face in 3 frames" in complaints
    assert "no video that can be read" in complaints
    assert sorted(p.name for p in (tmp_path / "out" / "Ada").iterdir()) == [
        f"a_000{number}.jpg" for number in range(4)
    ]


def test_two_videos_of_one_name_keep_their_pictures_and_an_old_folder_is_not_written_to(
    run, tmp_path
):
    (tmp_path / "videos" / "Ada").mkdir(parents=True)
    for suffix in ("mp4", "mkv"):
        frames = portrait_frames(30, 2, size_px=(320, 240))
        write_video(tmp_path / "videos" / "Ada" / f"a.{suffix}", frames)
    command = ("dataset", "faces", tmp_path / "videos", tmp_path / "out")
    assert run(*command)[0] == 0
    assert sorted(p.name for p in (tmp_path / "out" / "Ada").iterdir()) == [
        "a-2_0000.jpg", "a-2_0001.jpg", "a_0000.jpg", "a_0001.jpg",
    ]  # fmt: skip
    code, _, complaints = run(*command)
    assert code == 1
    assert "not an empty folder" in complaints


def test_collecting_photos_of_one_person(run, videos, tmp_path):
    write_video(tmp_path / "b.mp4", portrait_frames(44, 6, size_px=(320, 240)))
    code, printed, _ = run("dataset", "collect", tmp_path / "b.mp4", tmp_path / "Ben", "--every", 2)
    assert code == 0
    assert "3 photos. Of 6 frames 3 were looked at" in printed
    assert sorted(p.name for p in (tmp_path / "Ben").iterdir()) == ["1.jpg", "2.jpg", "3.jpg"]
    code, _, complaints = run("dataset", "collect", videos / "broken.mp4", tmp_path / "none")
    assert code == 1
    assert complaints.startswith("video.unreadable: ")
    code, _, complaints = run("dataset", "collect", videos / "broken.mp4", tmp_path / "Ben")
    assert "not an empty folder" in complaints


def test_archives_tables_names_and_heaps_have_commands(run, folder, tmp_path):
    code, _, complaints = run(
        "dataset", "unpack", tmp_path / "none.zip", tmp_path / "o", "--sha256", "0" * 64
    )
    assert code == 1
    assert "cannot be read" in complaints
    (tmp_path / "t.tsv").write_text("a\tb\n")
    assert run("dataset", "decode-table", tmp_path / "t.tsv", tmp_path / "o")[0] == 1
    (tmp_path / "names.txt").write_text("Ada\tAda Brink\nZoe\tZ\n")
    code, printed, complaints = run("dataset", "rename", folder, tmp_path / "names.txt")
    assert (code, complaints) == (1, "not there: Zoe\n")
    assert (folder / "Ada_Brink").is_dir()
    code, printed, _ = run(
        "dataset", "group", folder / "Bob", tmp_path / "o", "--pattern", r"(.+)_\d+"
    )
    assert code == 0
    assert "3 pictures" in printed


@pytest.mark.parametrize("page", ["datasets.md", "detector-training.md"])
def test_every_command_of_the_pages_is_one(page):
    """Parsed by the real parser: unknown commands and options are refused there."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    commands = re.findall(r"(?:`|\$ )(python -m recognition [^`\n]*)", text)
    assert len(commands) >= 5
    for command in commands:
        _parser().parse_args(shlex.split(command)[3:])
