"""What to say to somebody before a webcam, so that the next picture is a good one: pure rules.

Public surface: ``advise`` with ``Advice``, ``answer``, ``measured``, ``ANGLE_WORDS``. Directions are the
person's own, as everybody understands them before a mirror.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from portal.enrolment.likeness import ALL_ANGLES, Angle, angle_of
from recognition.contracts import FaceQuality, ImageAnalysis
from recognition.decision import ENROLMENT_FLOORS, quality_issues

__all__ = ["ANGLE_WORDS", "Advice", "advise", "answer", "measured"]

ANGLE_WORDS: Final[dict[Angle, str]] = {
    "front": "Front",
    "left": "Left",
    "right": "Right",
    "up": "Up",
    "down": "Down",
}

# Parts of the picture's height. At 0.22 of 720 px the eyes are some 55 px apart, twice what a
# template needs; above 0.8 hair and chin leave the picture, and a wide lens bends the face.
_TOO_FAR, _TOO_NEAR = 0.22, 0.80
# How far the face's middle may lie from the picture's, as a part of its width and height.
_ASIDE, _HIGH_OR_LOW = 0.17, 0.20
_MOST_ROLL_DEGREES = 20.0
# The photo is measured anew at its full size: a coached one must not lie on a border of two angles.
_MARGIN_DEGREES = 3.0
# Beyond these the eye on the far side is nearly gone, and the floors of enrolment are near.
_MOST_YAW_DEGREES, _MOST_TILT_DEGREES = 45.0, 20.0

_HOLD = "Good. Hold still."
_TURN: Final[dict[Angle, str]] = {
    "front": "Look straight into the camera.",
    "left": "Turn your head a little to the left.",
    "right": "Turn your head a little to the right.",
    "up": "Raise your chin a little.",
    "down": "Lower your chin a little.",
}
_OF_LIGHT: Final = {
    "too_dark": "Too dark. Turn towards a light.",
    "too_bright": "Too bright. Move out of the direct light.",
    "overexposed": "Too bright. Move out of the direct light.",
    "low_contrast": "The picture is flat. More light from the front helps.",
    "uneven_light": "The light comes from one side. Turn towards it.",
}
_OF_FACE: Final = {
    "blurred": "Hold still: the picture is blurred.",
    "eyes_hidden": "Let the eyes be seen: take off dark glasses.",
    "mouth_hidden": "Let the mouth be seen.",
    "too_small": "Come closer.",
}


@dataclass(frozen=True, slots=True)
class Advice:
    """``code`` is stable; ``text`` is said to the person; ``is_good``: now is the moment."""

    code: str
    text: str
    is_good: bool = False


def measured(analysis: ImageAnalysis) -> dict[str, Any]:
    """What the advice needs of a frame: numbers only, neither picture nor vector."""
    seen: dict[str, Any] = {"faces": len(analysis.faces) + analysis.faces_left_out}
    if len(analysis.faces) == 1:
        face = analysis.faces[0]
        x, y = face.detection.box.centre
        seen["middle"] = [x / analysis.width_px, y / analysis.height_px]
        seen["quality"] = {name: float(value) for name, value in asdict(face.quality).items()}
    return seen


def advise(seen: Mapping[str, Any], *, wanted: Angle) -> Advice:
    """One piece of advice about what ``measured`` gave, the worst hindrance first."""
    if not seen.get("faces"):
        return Advice("no_face", "Come into the picture, with the face to the camera.")
    if "quality" not in seen:
        return Advice("several_faces", "One person only, please.")
    known = {field.name for field in fields(FaceQuality)}
    quality = FaceQuality(**{k: v for k, v in seen["quality"].items() if k in known})
    issues = quality_issues(quality, ENROLMENT_FLOORS)
    return (
        _about_place(quality, *seen["middle"])
        or next((Advice(i, _OF_LIGHT[i]) for i in issues if i in _OF_LIGHT), None)
        or _about_pose(quality, wanted)
        or next((Advice(i, _OF_FACE[i]) for i in issues if i in _OF_FACE), None)
        or (Advice(issues[0], "Move into the middle, and hold the head level.") if issues else None)
        or Advice("good", _HOLD, is_good=True)
    )


def answer(result: Mapping[str, Any], *, wanted: str) -> dict[str, Any]:
    """What a page is told about a frame; an unknown angle counts as the front."""
    if "error" in result:
        return {"code": "error", "text": result["error"], "good": False}
    advice = advise(result, wanted=next((one for one in ALL_ANGLES if one == wanted), "front"))
    return {"code": advice.code, "text": advice.text, "good": advice.is_good}


def _about_place(quality: FaceQuality, x: float, y: float) -> Advice | None:
    if quality.face_height_fraction < _TOO_FAR:
        return Advice("too_far", "Come closer.")
    if quality.face_height_fraction > _TOO_NEAR:
        return Advice("too_near", "Move back a little.")
    # The picture is not mirrored: its right side is the person's left.
    if abs(x - 0.5) > _ASIDE:
        return Advice("aside", f"Move a little to the {'right' if x > 0.5 else 'left'}.")
    if abs(y - 0.5) > _HIGH_OR_LOW:
        way = "lower" if y < 0.5 else "higher"
        return Advice("high_or_low", f"Bring your face a little {way}.")
    return None


def _about_pose(quality: FaceQuality, wanted: Angle) -> Advice | None:
    if abs(quality.roll_degrees) > _MOST_ROLL_DEGREES:
        return Advice("roll", "Hold the head upright.")
    if abs(quality.yaw_degrees) > _MOST_YAW_DEGREES:
        return Advice("turned_too_far", "Not so far: turn back a little.")
    if abs(quality.pitch_degrees) > _MOST_TILT_DEGREES:
        return Advice("tilted_too_far", "Not so far: the head a little more level.")
    yaw, pitch = quality.yaw_degrees, quality.pitch_degrees
    around = {
        angle_of(yaw_degrees=yaw + way * _MARGIN_DEGREES, pitch_degrees=pitch) for way in (-1, 1)
    }
    if around != {wanted}:
        return Advice(f"turn_{wanted}", _TURN[wanted])
    return None
