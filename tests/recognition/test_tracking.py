"""Tracking: numbers that are kept through gaps and motion, smooth landmarks, and the measures."""

import numpy as np
import pytest

from recognition.contracts import Box, Detection
from recognition.geometry.pose import project_face
from recognition.tracking import (
    FaceTracker,
    LandmarkSmoother,
    TrackerConfig,
    evaluate_tracks,
    landmark_error,
)

FRAME_S = 1 / 25
FRONTAL = project_face(np.eye(3), px_per_mm=1.0).astype(np.float32)


def face(x, y, side=100.0, noise=None):
    points = FRONTAL * (side / 130) + np.float32([x + side / 2, y + side / 2])
    if noise is not None:
        points = points + noise.astype(np.float32)
    return Detection(Box(x, y, side, side), points, 0.9)


def follow(frames, **config):
    """Numbers per frame of the detections in ``frames``, one frame each 40 ms."""
    tracker = FaceTracker(TrackerConfig(**config))
    return [
        [track.id for track in tracker.update(found, n * FRAME_S)] for n, found in enumerate(frames)
    ]


def test_a_face_keeps_its_number_while_it_moves():
    frames = [[face(10.0 + 12 * n, 50.0)] for n in range(40)]
    assert follow(frames) == [[1]] * 40


def test_steady_motion_is_expected_even_faster_than_the_overlap_allows():
    # 90 px a frame at 100 px wide: an overlap of 0.05 with where it was, of 1 with where it is due.
    slow_start = [[face(x, 50.0)] for x in (0, 30, 90, 180, 270, 360, 450)]
    assert follow(slow_start) == [[1]] * 7


def test_the_order_of_the_detections_plays_no_part():
    here, there = face(0.0, 0.0), face(400.0, 0.0)
    assert follow([[here, there], [there, here], [here, there]]) == [[1, 2], [2, 1], [1, 2]]


def test_a_short_gap_is_bridged_and_a_long_one_is_not():
    seen = [[face(10.0 + 4 * n, 50.0)] for n in range(60)]
    short = [frame if not 10 <= n < 20 else [] for n, frame in enumerate(seen)]
    assert follow(short)[-1] == [1]
    long = [frame if not 10 <= n < 40 else [] for n, frame in enumerate(seen)]
    assert follow(long)[-1] == [2]


def test_what_is_expected_is_what_an_update_then_gives_and_asking_changes_nothing():
    tracker, asked = FaceTracker(), FaceTracker()
    for n in range(12):
        found = [face(400.0 - 30 * n, 0.0), face(30.0 * n, 0.0)] + [face(0.0, 300.0)] * (n == 5)
        expected = asked.expects(found, n * FRAME_S)
        given = [track.id for track in asked.update(found, n * FRAME_S)]
        assert given == [track.id for track in tracker.update(found, n * FRAME_S)]
        known = {0: [None, None], 5: [1, 2, None]}.get(n, [1, 2])
        assert [number if known[i] else None for i, number in enumerate(given)] == expected
        assert (n == 0) == (expected == [None, None])


def test_a_face_must_be_seen_often_enough_to_count():
    flicker = [[face(0.0, 0.0)] + ([face(500.0, 0.0)] if n == 3 else []) for n in range(8)]
    assert follow(flicker, min_hits=2) == [[], *[[1]] * 7]


def test_numbers_are_never_used_twice():
    frames = [[face(0.0, 0.0)], *[[]] * 30, [face(0.0, 0.0)]]
    assert follow(frames)[0] != follow(frames)[-1]


def test_frames_may_not_come_out_of_order():
    tracker = FaceTracker()
    tracker.update([], 1.0)
    with pytest.raises(ValueError, match="must not go back"):
        tracker.update([], 0.9)


def crossing(seed):
    """Three people for 6 s: two walk past each other at different heights, one stands; 10 % of
    the faces are missed, boxes and landmarks shake by 2 % of the face."""
    rng = np.random.default_rng(seed)
    truth, frames, points = [], [], []
    for n in range(150):
        at = {
            "ann": (20 + 4.0 * n, 60.0),
            "bob": (620 - 4.0 * n, 130.0),
            "cat": (300 + 3 * np.sin(n / 9), 300.0),
        }
        truth.append({who: Box(x, y, 100, 100) for who, (x, y) in at.items()})
        points.append({who: face(x, y).landmarks for who, (x, y) in at.items()})
        frames.append(
            [
                face(x + rng.normal(0, 2), y + rng.normal(0, 2), noise=rng.normal(0, 1.5, (5, 2)))
                for x, y in at.values()
                if rng.random() > 0.1
            ]
        )
    return truth, frames, points


@pytest.mark.parametrize("seed", range(5))
def test_people_who_pass_each_other_keep_their_numbers(seed):
    truth, frames, _ = crossing(seed)
    tracker = FaceTracker()
    tracked = [
        {t.id: t.detection.box for t in tracker.update(found, n * FRAME_S)}
        for n, found in enumerate(frames)
    ]
    errors = evaluate_tracks(truth, tracked)
    assert errors.switches == 0
    assert errors.false_tracks == 0
    assert errors.misses / errors.faces < 0.15  # what the detector missed
    assert len({number for frame in tracked for number in frame}) == 3


def test_smoothing_halves_the_error_of_faces_that_hardly_move():
    rng = np.random.default_rng(1)
    still = face(100.0, 100.0).landmarks
    noisy = [still + rng.normal(0, 1.5, (5, 2)).astype(np.float32) for _ in range(200)]
    smoother = LandmarkSmoother()
    smooth = [smoother.update(points, n * FRAME_S) for n, points in enumerate(noisy)]
    truth = np.repeat(still[None], 150, axis=0)
    plain, better = landmark_error(noisy[50:], truth), landmark_error(smooth[50:], truth)
    assert better < 0.55 * plain  # measured: 0.43


def test_smoothed_landmarks_do_not_trail_behind_a_moving_face():
    smoother = LandmarkSmoother()
    eyes_px = 63 * 100 / 130
    for n in range(100):
        points = face(eyes_px * n * FRAME_S, 100.0).landmarks  # one eye distance a second
        smooth = smoother.update(points, n * FRAME_S)
    assert landmark_error(smooth, points) < 0.05


def test_smoothing_ignores_a_frame_at_the_same_time():
    smoother = LandmarkSmoother()
    first = smoother.update(FRONTAL, 0.0)
    np.testing.assert_array_equal(first, FRONTAL)
    np.testing.assert_array_equal(smoother.update(FRONTAL + 9, 0.0), FRONTAL)


def test_switches_misses_and_false_tracks_are_counted():
    here, there = Box(0, 0, 10, 10), Box(100, 0, 10, 10)
    truth = [{"ann": here, "bob": there}] * 4
    tracked = [
        {1: here, 2: there},
        {1: there, 2: here},  # exchanged: two switches
        {1: there},  # ann missed
        {1: there, 3: here, 4: Box(50, 50, 9, 9)},  # ann under a new number; one of nobody
    ]
    errors = evaluate_tracks(truth, tracked)
    assert (errors.faces, errors.switches, errors.misses, errors.false_tracks) == (8, 3, 1, 1)
    assert errors.accuracy == pytest.approx(1 - 5 / 8)


def test_what_was_joined_stays_joined_while_it_overlaps():
    truth = [{"ann": Box(0, 0, 10, 10)}] * 2
    tracked = [{1: Box(0, 0, 10, 10)}, {1: Box(0, 3, 10, 10), 2: Box(0, 0, 10, 10)}]
    errors = evaluate_tracks(truth, tracked)
    assert (errors.switches, errors.false_tracks) == (0, 1)


def test_nothing_there_and_nothing_found_is_no_error():
    assert evaluate_tracks([{}], [{}]).accuracy == 1.0
    assert evaluate_tracks([{}], [{1: Box(0, 0, 9, 9)}]).accuracy == 0.0
    with pytest.raises(ValueError, match="must match"):
        evaluate_tracks([{}], [])


def test_the_landmark_error_is_counted_in_eye_distances():
    moved = FRONTAL + np.float32([6.3, 0])
    assert landmark_error(moved, FRONTAL) == pytest.approx(0.1, rel=1e-4)
    with pytest.raises(ValueError, match="eyes coincide"):
        landmark_error(FRONTAL, np.zeros((5, 2)))
    with pytest.raises(ValueError, match=r"\(\.\.\., 5, 2\)"):
        landmark_error(FRONTAL[:4], FRONTAL[:4])
