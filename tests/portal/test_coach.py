"""What a webcam's coach says about a frame: one piece of advice, the worst hindrance first."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from portal.enrolment.coach import advise, answer, measured
from portal.enrolment.likeness import ALL_ANGLES
from recognition.contracts import ImageAnalysis
from tests.factories.faces import face_of, quality


def frame(*, x: float = 0.5, y: float = 0.5, **changes: float) -> dict[str, object]:
    values = {"face_height_fraction": 0.5, "pitch_degrees": -2.0, **changes}
    return {"faces": 1, "middle": [x, y], "quality": asdict(quality(**values))}


FRONT = frame()

# what is seen, the angle wanted -> code, a word that must be said
ADVICE = {
    "nobody": ({"faces": 0}, "front", "no_face", "Come into the picture"),
    "two people": ({"faces": 2}, "front", "several_faces", "One person only"),
    "far away": (frame(face_height_fraction=0.2), "front", "too_far", "Come closer"),
    "too near": (frame(face_height_fraction=0.85), "front", "too_near", "Move back"),
    "to their left": (frame(x=0.8), "front", "aside", "to the right"),
    "to their right": (frame(x=0.2), "front", "aside", "to the left"),
    "high up": (frame(y=0.2), "front", "high_or_low", "lower"),
    "low down": (frame(y=0.8), "front", "high_or_low", "higher"),
    "dark": (frame(brightness=0.1), "front", "too_dark", "Turn towards a light"),
    "glaring": (frame(brightness=0.9), "front", "too_bright", "Too bright"),
    "lit from the side": (frame(light_evenness=0.1), "front", "uneven_light", "one side"),
    "blurred": (frame(sharpness=1.0), "front", "blurred", "Hold still"),
    "sunglasses": (frame(eyes_structure=0.2), "front", "eyes_hidden", "dark glasses"),
    "leaning": (frame(roll_degrees=25), "front", "roll", "upright"),
    "good": (FRONT, "front", "good", "Hold still"),
    "front, but left is wanted": (FRONT, "left", "turn_left", "to the left"),
    "left": (frame(yaw_degrees=22), "left", "good", "Hold still"),
    "on the border": (frame(yaw_degrees=16), "left", "turn_left", "to the left"),
    "nearly front": (frame(yaw_degrees=13.5), "front", "turn_front", "straight"),
    "left, but right is wanted": (frame(yaw_degrees=22), "right", "turn_right", "to the right"),
    "right": (frame(yaw_degrees=-22), "right", "good", "Hold still"),
    "turned too far": (frame(yaw_degrees=60), "left", "turned_too_far", "turn back"),
    "up": (frame(pitch_degrees=10), "up", "good", "Hold still"),
    "down": (frame(pitch_degrees=-14), "down", "good", "Hold still"),
    "level, but up is wanted": (FRONT, "up", "turn_up", "chin"),
    "first the distance, then the light": (
        frame(face_height_fraction=0.1, brightness=0.1), "front", "too_far", "Come closer",
    ),
    "first the light, then the pose": (
        frame(yaw_degrees=30, brightness=0.1), "front", "too_dark", "light",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ADVICE)
def test_advice(name):
    seen, wanted, code, words = ADVICE[name]
    advice = advise(seen, wanted=wanted)
    assert (advice.code, advice.is_good) == (code, code == "good")
    assert words in advice.text


@pytest.mark.parametrize("wanted", ALL_ANGLES)
def test_only_one_angle_is_good_at_a_time(wanted):
    held = {
        "front": FRONT,
        "left": frame(yaw_degrees=25),
        "right": frame(yaw_degrees=-25),
        "up": frame(pitch_degrees=10),
        "down": frame(pitch_degrees=-14),
    }
    good = [angle for angle, seen in held.items() if advise(seen, wanted=wanted).is_good]
    assert good == [wanted]


def test_what_is_measured_holds_numbers_and_no_face():
    seen = measured(ImageAnalysis(160, 120, (face_of(1),)))
    assert seen["faces"] == 1
    assert seen["middle"] == [0.25, pytest.approx(47 / 120)]
    assert all(isinstance(value, float) for value in seen["quality"].values())
    crowd = measured(ImageAnalysis(160, 120, (face_of(1),), faces_left_out=3))
    assert crowd["faces"] == 4
    assert set(measured(ImageAnalysis(160, 120, ()))) == {"faces"}


def test_what_a_page_is_told():
    assert answer(FRONT, wanted="front")["good"] is True
    assert answer(FRONT, wanted="sideways")["good"] is True, "an unknown angle is the front"
    assert answer({"error": "It is cut off."}, wanted="front") == {
        "code": "error",
        "text": "It is cut off.",
        "good": False,
    }
