"""Watching a video: every third frame is looked at, each face is itself, all frames are written."""

import json
from fractions import Fraction

import numpy as np
import pytest

from recognition import cli
from recognition.contracts import Box, Decision
from recognition.datasets.video_files import video_frames
from recognition.pipeline.overlay import VideoOutput, draw_overlay, frame_rate_of
from recognition.pipeline.watching import FrameRate, NamedFace, WatchedFrame, watch_frames
from tests.faces import DISTINCT, name_of, render_scene, write_roster

FRAMES = 8
GREY = np.full((48, 64, 3), 90, np.uint8)


def face(name="Ada Brink", kind="match"):
    return NamedFace(Box(10, 20, 24, 24), Decision(kind, "", name, 0.87, 0.3, 0.5))


def test_only_every_third_frame_is_looked_at_and_its_faces_stay_in_between():
    asked = []

    def recognise(picture):
        asked.append(int(picture[0, 0, 0]))
        return [face(f"number {len(asked)}")]

    pictures = [np.full((4, 4, 3), number, np.uint8) for number in range(8)]
    seen = list(watch_frames(pictures, recognise=recognise, every=3))
    assert asked == [0, 3, 6]
    assert [frame.is_analysed for frame in seen] == [n % 3 == 0 for n in range(8)]
    assert [frame.faces[0].decision.person_id[-1] for frame in seen] == [*"11122233"]


def test_an_interval_that_is_none_is_refused():
    with pytest.raises(ValueError, match="1 looks at each frame"):
        list(watch_frames([GREY], recognise=lambda _: [], every=0))


def test_the_frame_rate_is_that_of_the_last_two_seconds():
    times = iter([0.0, 0.5, 1.0, 10.0, 10.25, 10.5])
    rate = FrameRate(now=lambda: next(times))
    assert [rate.tick() for _ in range(2)] == [2.0, 2.0]
    assert rate.tick() == 0.0  # the first for nine seconds
    assert [rate.tick() for _ in range(2)] == [4.0, 4.0]


@pytest.mark.parametrize(
    ("kind", "colour", "reason"),
    [("match", (47, 158, 110), "a name is known"), ("unknown", (196, 120, 26), "nobody enrolled")],
)
def test_boxes_are_drawn_over_a_copy_in_the_colour_of_the_decision(kind, colour, reason):
    frame = WatchedFrame(0, GREY.copy(), (face(kind=kind),), True, 12.3)
    drawn = draw_overlay(frame)
    assert tuple(drawn[43, 20]) == colour, reason
    assert (frame.picture == GREY).all()
    assert face(kind=kind).label == ("Ada Brink 0.87" if kind == "match" else kind)


def test_a_video_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "out.mp4"
    with VideoOutput(path, frames_per_s=Fraction(10)) as video:
        for level in (20, 120, 220):
            video.write(np.full((49, 65, 3), level, np.uint8))
        assert not path.exists()
    assert [round(frame.mean(), -1) for frame in video_frames(path)] == [20, 120, 220]
    assert {frame.shape for frame in video_frames(path)} == {(48, 64, 3)}
    assert frame_rate_of(path) == 10

    def broken_off():
        with VideoOutput(path, frames_per_s=Fraction(10)) as video:
            video.write(GREY)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert len([*video_frames(path)]) == 3
    assert [*tmp_path.iterdir()] == [path]


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Two of three enrolled people side by side, and one who is not enrolled."""
    folder = tmp_path_factory.mktemp("watched")
    write_roster(folder / "people", people=2, photos=2)
    first, second, stranger = DISTINCT[:3]
    path = folder / "clip.mp4"
    with VideoOutput(path, frames_per_s=Fraction(10)) as video:
        for number in range(FRAMES):
            across = 4 * number
            heads = [(first, 10 + across, 60, 200), (second, 230 + across, 60, 200)]
            video.write(
                render_scene([*heads, (stranger, 450 - across // 4, 60, 180)], size_px=(640, 320))
            )
    return folder


def test_all_faces_of_a_video_are_named_each_as_itself(run, scene, tmp_path):
    out = tmp_path / "named.mp4"
    # Drawn faces are more alike than people's: the other commands' tests ask for as much.
    code, printed, told = run(
        "watch", scene / "clip.mp4", scene / "people", "--json", "--out", out, "--threshold", "0.7"
    )
    assert code == 0, told
    *frames, summary = (json.loads(line) for line in printed.splitlines())
    assert [frame["frame"] for frame in frames] == [0, 3, 6]
    names = [name_of(identity) for identity in DISTINCT[:2]]
    for frame in frames:
        by_place = sorted(frame["faces"], key=lambda one: one["box"]["x"])
        assert [one["person_id"] for one in by_place] == [*names, None]
        assert by_place[2]["kind"] != "match"
    assert summary["frames"] == FRAMES
    assert summary["analysed"] == 3
    assert summary["faces"] == 9
    assert summary["people"] == dict.fromkeys(names, 3)
    assert summary["frames_per_s"] > 0
    written, read = list(video_frames(out)), list(video_frames(scene / "clip.mp4"))
    assert len(written) == len(read) == FRAMES
    for before, after in zip(read, written, strict=True):
        assert before.shape == after.shape
        assert np.abs(before.astype(int) - after).max() > 60  # boxes, in every frame


def test_people_read_who_was_seen_when(run, scene):
    code, printed, _ = run("watch", scene / "clip.mp4", scene / "people", "--every", "4")
    assert code == 0
    assert name_of(DISTINCT[0]) in printed
    assert f"{FRAMES} frames, 2 analysed" in printed


def test_a_file_that_is_no_video_and_an_interval_of_nothing_are_sentences(run, scene, tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"no video")
    code, _, told = run("watch", tmp_path / "clip.mp4", scene / "people")
    assert code == 1
    assert "video.unreadable" in told
    with pytest.raises(SystemExit, match="2"):
        cli.main(["watch", str(scene / "clip.mp4"), str(scene / "people"), "--every", "0"])
