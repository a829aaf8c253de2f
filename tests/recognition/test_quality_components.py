"""The components after ISO/IEC 29794-5: each on crops where its value is known, and the verdicts."""

import dataclasses
import math

import cv2
import numpy as np
import pytest

from recognition.alignment import ARCFACE_TEMPLATE_112, align_faces
from recognition.contracts import Box, Detection, FaceQuality
from recognition.decision import (
    ENROLMENT_FLOORS,
    PROBE_FLOORS,
    REASON_TEXT,
    ReasonCode,
    assess,
    describe_issue,
    quality_issues,
)
from recognition.geometry.pose import project_face, rotation
from recognition.quality import SizeGate, measure, measure_size
from recognition.quality.light import measure_light
from recognition.quality.structure import measure_structure
from tests.faces import Light, render_face

GOOD = FaceQuality(60, 400, 0.5, 0.2, 0.05, 1.0, 0.9)


def grey(value):
    return np.full((112, 112), value, np.uint8)


def detection(landmarks, box=Box(0, 0, 10, 10)):  # noqa: B008 - frozen
    return Detection(box, np.asarray(landmarks, np.float32), 0.9)


@pytest.mark.parametrize(
    ("value", "dark", "bright"), [(0, 1, 0), (25, 1, 0), (26, 0, 0), (246, 0, 0), (247, 0, 1)]
)
def test_dark_and_bright_are_counted_from_the_standards_grey_levels(value, dark, bright):
    light = measure_light(grey(value))
    assert (light.dark_fraction, light.bright_fraction) == (dark, bright)
    assert light.dynamic_range_bits == 0.0


def test_the_dynamic_range_of_equally_frequent_greys_is_their_number_of_bits():
    stripes = np.tile(np.repeat(np.array([10, 80, 150, 220], np.uint8), 14), 2)
    assert measure_light(np.tile(stripes, (112, 1))).dynamic_range_bits == pytest.approx(2.0)


@pytest.mark.parametrize("side", [np.s_[:, 56:], np.s_[:, :56]], ids=["right", "left"])
def test_evenness_is_the_darker_cheek_over_the_lighter_one(side):
    halves = grey(199)
    halves[side] = 49
    assert measure_light(halves).evenness == pytest.approx(0.25)
    assert measure_light(grey(100)).evenness == measure_light(grey(0)).evenness == 1.0


def test_a_lamp_at_the_side_lowers_evenness(f32_engine):
    def evenness(light):
        (analysis,) = f32_engine.analyse_pictures([render_face(30, light=light, face_fraction=0.7)])
        return analysis.faces[0].quality.light_evenness

    assert evenness(Light(azimuth=75.0, ambient=0.1)) < 0.7 * evenness(Light())


def test_structure_is_the_share_of_horizontal_edges_in_eyes_and_mouth():
    lines = grey(120)
    lines[50:54] = 60  # through both eyes and across the whole face
    eyes, mouth = measure_structure(lines)
    rows = 2 * 2 * (60 * 4 / 4) / 12  # two edges of two rows, Sobel's 4 x step, a quarter of it
    assert eyes == pytest.approx(rows / (rows * 12 / 90 + 0.25), rel=0.01)
    assert mouth == 0.0
    assert measure_structure(grey(90)) == (0.0, 0.0)


def test_a_face_behind_dark_glasses_and_a_mask_shows_no_structure(golden_picture, f32_engine):
    (found,) = f32_engine.detect([golden_picture])[0]
    (crop,) = align_faces(golden_picture, [found.landmarks])
    covered = crop.copy()
    cv2.rectangle(covered, (20, 40), (92, 62), (20, 20, 20), -1)
    cv2.rectangle(covered, (22, 76), (90, 111), (200, 220, 230), -1)
    seen = measure(golden_picture, found, crop)
    hidden = measure(golden_picture, found, covered)
    assert quality_issues(seen, ENROLMENT_FLOORS) == ()
    assert {"eyes_hidden", "mouth_hidden"} <= set(quality_issues(hidden, ENROLMENT_FLOORS))
    assert hidden.eyes_structure < 0.3 * seen.eyes_structure
    assert hidden.mouth_structure < 0.3 * seen.mouth_structure


def test_the_room_around_a_face_is_counted_in_its_own_size():
    picture = np.zeros((400, 600, 3), np.uint8)
    points = project_face(np.eye(3), px_per_mm=1.0, centre=(300, 200))
    quality = measure(picture, detection(points, Box(250, 140, 100, 120)), align(points))
    eye_y, chin = 200 - 32.2, 1.73 * 61.1
    assert quality.crop_left == pytest.approx((300 - 31.5) / 63, rel=0.02)
    assert quality.crop_right == pytest.approx((300 - 31.5) / 63, rel=0.02)
    assert quality.crop_above == pytest.approx(eye_y / chin, rel=0.02)
    assert quality.crop_below == pytest.approx((400 - eye_y) / chin, rel=0.02)
    assert quality.face_height_fraction == pytest.approx(120 / 400)


def align(points):
    return align_faces(np.zeros((400, 600, 3), np.uint8), [points])[0]


def test_angles_are_those_of_the_landmarks():
    points = project_face(
        rotation(yaw_degrees=20, pitch_degrees=-10, roll_degrees=5), px_per_mm=1, centre=(300, 200)
    )
    quality = measure(np.zeros((400, 600, 3), np.uint8), detection(points), align(points))
    assert quality.yaw_degrees == pytest.approx(20, abs=1)
    assert quality.pitch_degrees == pytest.approx(-10, abs=1)
    assert quality.roll_degrees == pytest.approx(5, abs=1)


def test_landmarks_that_are_no_face_are_measured_as_turned_away():
    quality = measure(
        np.zeros((9, 9, 3), np.uint8),
        detection(np.full((5, 2), 4.0)),
        np.zeros((112, 112, 3), np.uint8),
    )
    assert (quality.yaw_degrees, quality.crop_left) == (90.0, 0.0)
    assert all(math.isfinite(value) for value in dataclasses.astuple(quality))


ISSUES = {
    "overexposed": ({"bright_fraction": 0.4}, ["40%", "15%", "flash"]),
    "tilted": ({"pitch_degrees": -31.0}, ["down by 31°", "20°", "level"]),
    "uneven_light": ({"light_evenness": 0.21}, ["21%", "30%", "Turn towards"]),
    "eyes_hidden": ({"eyes_structure": 0.3}, ["0.30", "0.75", "glasses"]),
    "mouth_hidden": ({"mouth_structure": 0.5}, ["0.50", "0.80", "mask"]),
}


@pytest.mark.parametrize("issue", ISSUES)
def test_each_new_issue_is_found_alone_and_told_with_its_numbers(issue):
    changes, told = ISSUES[issue]
    quality = dataclasses.replace(GOOD, **changes)
    assert quality_issues(quality, ENROLMENT_FLOORS) == (issue,)
    assert quality_issues(quality, PROBE_FLOORS) == ()
    text = describe_issue(issue, quality, ENROLMENT_FLOORS)
    assert all(part in text for part in told), text
    assert ReasonCode(issue) in REASON_TEXT


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"crop_left": 0.1}, ["0.10 eye distances beside", "0.30"]),
        ({"crop_right": 0.1}, ["0.10 eye distances beside", "0.30"]),
        ({"crop_above": 0.2}, ["0.20 eye-to-chin heights above", "0.35"]),
        ({"crop_below": 0.5}, ["0.50 eye-to-chin heights below", "0.70"]),
        ({"visible_fraction": 0.6, "crop_left": 0.1}, ["60% of it", "80%"]),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else "",
)
def test_an_edge_through_the_face_is_told_by_its_side(changes, told):
    quality = dataclasses.replace(GOOD, **changes)
    assert quality_issues(quality, ENROLMENT_FLOORS) == ("cut_off",)
    assert quality_issues(quality, PROBE_FLOORS) == ()
    text = describe_issue("cut_off", quality, ENROLMENT_FLOORS)
    assert all(part in text for part in told), text


def test_nothing_is_said_to_hide_the_mouth_of_a_blurred_face():
    blurred = dataclasses.replace(GOOD, sharpness=5.0, mouth_structure=0.5, eyes_structure=0.3)
    assert quality_issues(blurred, ENROLMENT_FLOORS) == ("blurred",)
    verdicts = {v.component: v.verdict for v in assess(blurred, ENROLMENT_FLOORS)}
    assert verdicts["mouth_structure"] == verdicts["eyes_structure"] == "no limit"
    assert verdicts["sharpness"] == "poor"


WORSE = [
    {},
    {"eye_distance_px": 20.0},
    {"sharpness": math.nan},
    {"brightness": 0.81},
    {"brightness": 0.1},
    {"contrast": 0.05},
    {"yaw": -0.9},
    {"visible_fraction": 0.7},
    {"crop_right": 0.2},
    {"crop_above": 0.2, "crop_below": 0.4},
    {"crop_left": math.nan},
    *(changes for changes, _ in ISSUES.values()),
]


@pytest.mark.parametrize("changes", WORSE, ids=str)
@pytest.mark.parametrize("floors", [ENROLMENT_FLOORS, PROBE_FLOORS], ids=["enrolment", "probe"])
def test_the_verdicts_agree_with_the_issues(changes, floors):
    quality = dataclasses.replace(GOOD, **changes)
    poor = [v.component for v in assess(quality, floors) if v.verdict == "poor"]
    assert bool(poor) == bool(quality_issues(quality, floors))
    assert set(poor) <= set(changes)


def test_every_component_is_told_once_and_limits_are_words():
    verdicts = assess(GOOD, ENROLMENT_FLOORS)
    names = [verdict.component for verdict in verdicts]
    assert sorted(names) == sorted(field.name for field in dataclasses.fields(FaceQuality))
    limits = {verdict.component: verdict.limit for verdict in verdicts}
    assert limits["brightness"] == "≥ 0.15 and ≤ 0.8"
    assert limits["roll_degrees"] == ""


@pytest.mark.parametrize(
    ("fov", "distance_m", "width_px", "angle"),
    [(90, 1.0, 150, 17.06), (90, 3.0, 50, 5.72), (60, 2.0, 130, 8.59)],
)
def test_distance_and_angle_of_a_face_at_a_known_place(fov, distance_m, width_px, angle):
    focal_px = 500 / math.tan(math.radians(fov / 2))
    px_per_mm = focal_px / (distance_m * 1000)
    points = project_face(rotation(yaw_degrees=30), px_per_mm=px_per_mm, centre=(500, 300))
    box = Box(500 - width_px / 2, 200, width_px, width_px)
    size = measure_size(detection(points, box), picture_width_px=1000, horizontal_fov_degrees=fov)
    assert size.distance_m == pytest.approx(distance_m, rel=0.02)
    assert size.angle_degrees == pytest.approx(angle, abs=0.02)


def test_the_same_box_at_the_edge_of_the_view_is_a_smaller_angle():
    def angle(x):
        found = detection(ARCFACE_TEMPLATE_112 + np.array([x, 0]), Box(x, 0, 112, 112))
        return measure_size(found, picture_width_px=1000, horizontal_fov_degrees=90).angle_degrees

    assert angle(888) < 0.7 * angle(444)


def test_the_gate_admits_by_every_limit_at_once_and_its_limits_are_good_enough():
    size = measure_size(
        detection(ARCFACE_TEMPLATE_112, Box(0, 0, 112, 112)),
        picture_width_px=1000,
        horizontal_fov_degrees=60,
    )
    assert SizeGate().admits(size)
    assert SizeGate(112.0, size.angle_degrees, size.distance_m).admits(size)
    assert not SizeGate(min_width_px=113).admits(size)
    assert not SizeGate(min_angle_degrees=size.angle_degrees + 0.1).admits(size)
    assert not SizeGate(max_distance_m=size.distance_m - 0.1).admits(size)
    assert not SizeGate().admits(dataclasses.replace(size, angle_degrees=math.nan))


@pytest.mark.parametrize(("fov", "width", "message"), [(0, 100, "field of view"), (90, 0, "wide")])
def test_an_impossible_camera_is_refused(fov, width, message):
    found = detection(ARCFACE_TEMPLATE_112)
    with pytest.raises(ValueError, match=message):
        measure_size(found, picture_width_px=width, horizontal_fov_degrees=fov)
