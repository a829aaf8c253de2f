"""Head pose: angles come back from projected faces, and drawn heads turn the way they are drawn."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognition.geometry.pose import (
    EYE_DISTANCE_MM,
    FACE_POINTS_MM,
    estimate_pose,
    project_face,
    rotation,
)
from tests.faces import Pose, render_face

ANGLES = ("yaw_degrees", "pitch_degrees", "roll_degrees")
YAWS, PITCHES, ROLLS = st.floats(-60, 60), st.floats(-35, 35), st.floats(-60, 60)


def errors(pose, yaw, pitch, roll):
    return [
        abs(getattr(pose, name) - true)
        for name, true in zip(ANGLES, (yaw, pitch, roll), strict=True)
    ]


@given(yaw=YAWS, pitch=PITCHES, roll=ROLLS, size=st.floats(0.05, 20), x=st.floats(-500, 4000))
def test_the_angles_of_a_projected_face_come_back_within_a_degree(yaw, pitch, roll, size, x):
    turn = rotation(yaw_degrees=yaw, pitch_degrees=pitch, roll_degrees=roll)
    pose = estimate_pose(project_face(turn, px_per_mm=size, centre=(x, 300)))
    assert max(errors(pose, yaw, pitch, roll)) < 1.0  # measured: 0.6, the camera is put at 1.5 m
    assert pose.px_per_mm == pytest.approx(size, rel=0.01)
    assert pose.error_px < 0.012 * EYE_DISTANCE_MM * size


@pytest.mark.parametrize(
    ("distance_mm", "limit"),
    [(1000, 1.5), (500, 3.5)],
    ids=["at a metre", "at arm's length, where a face bulges"],
)
def test_perspective_costs_little(distance_mm, limit):
    rng = np.random.default_rng(1)
    for _ in range(100):
        yaw, pitch, roll = rng.uniform(-60, 60), rng.uniform(-35, 35), rng.uniform(-45, 45)
        turn = rotation(yaw_degrees=yaw, pitch_degrees=pitch, roll_degrees=roll)
        seen = project_face(turn, px_per_mm=2.0, distance_mm=distance_mm)
        assert max(errors(estimate_pose(seen), yaw, pitch, roll)) < limit


def test_landmarks_that_are_off_by_a_fiftieth_of_the_eye_distance_cost_two_degrees():
    rng = np.random.default_rng(2)
    off = []
    for _ in range(300):
        yaw, pitch, roll = rng.uniform(-45, 45), rng.uniform(-25, 25), rng.uniform(-30, 30)
        turn = rotation(yaw_degrees=yaw, pitch_degrees=pitch, roll_degrees=roll)
        noise = rng.normal(0, EYE_DISTANCE_MM / 50, (5, 2))
        off.append(
            errors(estimate_pose(project_face(turn, px_per_mm=1.0) + noise), yaw, pitch, roll)
        )
    yaw_off, pitch_off, roll_off = np.mean(off, axis=0)
    assert yaw_off < 2.2  # measured: 1.8
    assert pitch_off < 2.0  # 1.6
    assert roll_off < 1.2  # 0.9


def test_positive_angles_turn_right_up_and_clockwise():
    def nose_from_the_rest(**angle):
        points = project_face(rotation(**angle), px_per_mm=1.0)
        return points[2] - points[[0, 1, 3, 4]].mean(axis=0)

    ahead_x, ahead_y = nose_from_the_rest()
    assert nose_from_the_rest(yaw_degrees=20)[0] > ahead_x + 5
    assert nose_from_the_rest(pitch_degrees=20)[1] < ahead_y - 5
    leaning = project_face(rotation(roll_degrees=20), px_per_mm=1.0)
    assert leaning[1, 1] > leaning[0, 1] + 5  # the eye on the right stands lower


def test_a_mirrored_face_is_turned_the_other_way():
    points = project_face(rotation(yaw_degrees=25, pitch_degrees=8, roll_degrees=5), px_per_mm=1.5)
    mirrored = (points * [-1, 1])[[1, 0, 2, 4, 3]]
    pose, other = estimate_pose(points), estimate_pose(mirrored)
    assert other.yaw_degrees == pytest.approx(-pose.yaw_degrees, abs=1e-3)
    assert other.pitch_degrees == pytest.approx(pose.pitch_degrees, abs=1e-3)
    assert other.roll_degrees == pytest.approx(-pose.roll_degrees, abs=1e-3)


def test_the_model_is_symmetric_and_has_the_mean_distance_of_the_eyes():
    np.testing.assert_array_equal((FACE_POINTS_MM * [-1, 1, 1])[[1, 0, 2, 4, 3]], FACE_POINTS_MM)
    assert FACE_POINTS_MM[1, 0] - FACE_POINTS_MM[0, 0] == EYE_DISTANCE_MM


def test_drawn_heads_turn_and_lean_the_way_they_are_drawn(f32_engine):
    def measured(**pose):
        (face, *_) = f32_engine.detect([render_face(30, pose=Pose(**pose))])[0]
        return estimate_pose(face.landmarks)

    yaws = [measured(yaw=yaw).yaw_degrees for yaw in (-25, -12, 0, 12, 25)]
    assert yaws == sorted(yaws)
    assert yaws[0] < -10
    assert yaws[-1] > 10
    assert measured(roll=-20).roll_degrees < -5 < 5 < measured(roll=20).roll_degrees


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (np.zeros((4, 2)), r"\(5, 2\)"),
        (np.full((5, 2), 7.0), "one point"),
        (np.full((5, 2), math.nan), "not finite"),
    ],
)
def test_points_that_are_no_face_are_refused(points, message):
    with pytest.raises(ValueError, match=message):
        estimate_pose(points)
