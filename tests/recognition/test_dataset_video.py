"""Faces out of videos: upright whatever way the camera was held, and honest where there is none."""

import av
import numpy as np
import pytest

from recognition.contracts import Box, Detection
from recognition.datasets.capture import TURNS, Captures, capture_faces, collect_photos
from recognition.datasets.video_files import VideoRejected, video_frames
from tests.faces import empty_room, portrait_frames, render_scene
from tests.recognition.made_sets import picture


def write_video(path, frames, *, codec="libx264", options=None):
    """``options`` of the container; crf 18 keeps a face a face."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream = None
        for frame in frames:
            if stream is None:
                stream = container.add_stream(codec, rate=10)
                stream.height, stream.width = frame.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.options = {"preset": "ultrafast", "crf": "18"}
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def portrait():
    return list(portrait_frames(30, 6, size_px=(320, 240)))


@pytest.fixture(scope="module")
def detect(f32_engine):
    return f32_engine.detect


@pytest.mark.parametrize("held", TURNS)
def test_a_rotated_video_gives_upright_faces(tmp_path, portrait, detect, held):
    """Turned by ``held`` counter-clockwise in the file, so turned clockwise by as much again."""
    turned = [np.ascontiguousarray(np.rot90(frame, held // 90)) for frame in portrait]
    path = write_video(tmp_path / "clip.mp4", turned)
    tally = Captures()
    captures = list(capture_faces(video_frames(path), detect=detect, tally=tally))
    assert tally.turn == held
    assert [capture.frame for capture in captures] == list(range(6))
    for capture, frame in zip(captures, portrait, strict=True):
        assert capture.picture.shape == frame.shape
        difference = np.abs(capture.picture.astype(int) - frame).mean()
        assert difference < 4  # what the codec costs; another orientation differs by 20 and more


def test_the_wrong_orientation_would_be_seen_by_that_measure(portrait):
    frame = portrait[0].astype(int)
    assert np.abs(frame - frame[::-1, ::-1]).mean() > 20


def test_every_nth_frame_is_looked_at(tmp_path, portrait, detect):
    path = write_video(tmp_path / "clip.mp4", portrait)
    tally = Captures()
    captures = list(capture_faces(video_frames(path), detect=detect, every=4, tally=tally))
    assert [capture.frame for capture in captures] == [0, 4]
    assert (tally.frames, tally.looked_at) == (6, 2)


def test_a_video_without_faces_is_given_up_after_a_hundred_frames(detect):
    frame = empty_room(size_px=(160, 120))
    seen = []

    def frames():
        for number in range(300):
            seen.append(number)
            yield frame

    tally = Captures()
    assert list(capture_faces(frames(), detect=lambda p: [[] for _ in p], tally=tally)) == []
    assert (len(seen), tally.looked_at, tally.turn) == (100, 100, None)
    assert detect([frame]) == [[]]


def face(x=10.0):
    points = np.array([[0, 0], [10, 0], [5, 5], [1, 10], [9, 10]], np.float32) + x
    return Detection(Box(x, x, 12, 12), points, 0.9)


def test_photos_are_every_tenth_frame_with_exactly_one_face():
    """Frame n shows n // 10 % 3 faces: none, one, two, none, one …"""
    frames = [np.full((20, 20, 3), number, np.uint8) for number in range(95)]

    def detect(pictures):
        return [[face()] * (int(p[0, 0, 0]) // 10 % 3) for p in pictures]

    tally = Captures()
    photos = list(collect_photos(frames, detect=detect, tally=tally))
    assert [photo.frame for photo in photos] == [10, 40, 70]
    assert (tally.frames, tally.looked_at) == (95, 10)
    assert (tally.without_face, tally.with_several) == (4, 3)
    assert len(list(collect_photos(frames, detect=detect, most=2, tally=Captures()))) == 2


def test_photos_of_a_made_video_have_the_right_number(tmp_path, portrait, detect):
    """One person for six frames, two for four, nobody for four."""
    pair = render_scene([(30, 10, 60, 120), (44, 180, 60, 120)], size_px=(320, 240))
    room = empty_room(size_px=(320, 240))
    path = write_video(tmp_path / "clip.mkv", [*portrait, *[pair] * 4, *[room] * 4])
    tally = Captures()
    photos = list(collect_photos(video_frames(path), detect=detect, every=2, tally=tally))
    assert [photo.frame for photo in photos] == [0, 2, 4]
    assert (tally.looked_at, tally.with_several, tally.without_face) == (7, 2, 2)


def test_lying_faces_are_not_taken_for_upright_ones():
    """Detectors find lying faces, too; the way from the eyes to the mouth tells."""
    lying = Detection(Box(0, 0, 12, 12), np.ascontiguousarray(face().landmarks[:, ::-1]), 0.99)

    def detect(pictures):
        """Upright where the frame is wide, lying where it is high."""
        return [[face() if p.shape[1] > p.shape[0] else lying] for p in pictures]

    tally = Captures()
    high = [np.zeros((40, 20, 3), np.uint8)] * 3
    captures = list(capture_faces(high, detect=detect, tally=tally))
    assert tally.turn == 90
    assert all(capture.picture.shape == (20, 40, 3) for capture in captures)


@pytest.mark.parametrize(
    ("content", "message", "why"),
    [
        (b"", "no video that can be read", "empty"),
        (b"not a video" * 100, "no video that can be read", "text"),
        (b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/a.ts\n", "no video", "a list of other files"),
    ],
)
def test_files_that_are_no_videos_are_refused(tmp_path, content, message, why):
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoRejected, match=message):
        list(video_frames(path))


def test_a_missing_file_and_sound_alone_are_refused(tmp_path):
    with pytest.raises(VideoRejected, match="No such file"):
        list(video_frames(tmp_path / "none.mp4"))
    with av.open(str(tmp_path / "sound.mkv"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(VideoRejected, match="no video in it"):
        list(video_frames(tmp_path / "sound.mkv"))


def test_a_video_that_breaks_off_gives_what_it_has(tmp_path):
    frames = [picture(number, size_px=(160, 120)) for number in range(30)]
    path = write_video(tmp_path / "clip.mkv", frames)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert 5 < len(list(video_frames(path))) < 30


def test_pictures_that_are_too_large_are_shrunk(tmp_path):
    frames = [np.zeros((64, 2600, 3), np.uint8)] * 2
    path = write_video(tmp_path / "clip.mkv", frames)
    assert [frame.shape for frame in video_frames(path)] == [(63, 2560, 3)] * 2
