"""One piece of advice about a camera: a pure rule over what it yielded.

Public surface: ``advise``, ``faces_missing``, ``Evidence``, ``Advice``. In this order, and the
first that applies is said:

1. Nothing at all while the camera cannot yield anything (it is not online): its state says why.
2. Online for two hours and no face: look at the view.
3. Fewer than half of the pictures a second that are wanted: look at the network.
4. Fewer than fifty faces: nothing, it would be guessing.
5. Three faces in ten or more are lost, and one kind of loss makes up two in five of these: what
   helps against it.
6. Nobody is enrolled to compare with: enrol.
7. Three in ten of the people whose face was good enough are neither recognised nor strangers,
   ten at least: more or newer enrolment photos.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["LEAST_FACES", "NEEDED_FACE_PX", "Advice", "Evidence", "advise", "faces_missing"]

LEAST_FACES: Final = 50
# Of an upright face 60 px wide the eyes are 24 px apart, as an enrolment photo's must be.
NEEDED_FACE_PX: Final = 60
_LEAST_ONLINE_S: Final = 2 * 3600
_LOST_SHARE: Final = 0.3
_MAIN_SHARE: Final = 0.4
_UNCERTAIN_SHARE: Final = 0.3
_LEAST_UNCERTAIN: Final = 10


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a camera yielded in a period. ``losses`` is {reason code: faces}; ``face_width_px`` the
    median, None where it is not known; ``wanted_fps`` 0 where the camera sends as it likes."""

    is_online: bool
    online_s: int = 0
    fps: float = 0.0
    wanted_fps: float = 0.0
    faces: int = 0
    usable_faces: int = 0
    usable_visits: int = 0
    uncertain_visits: int = 0
    losses: Mapping[str, int] = field(default_factory=dict)
    face_width_px: float | None = None
    min_face_px: int = 0


@dataclass(frozen=True, slots=True)
class Advice:
    """``code`` is stable; ``title`` says what is so, ``text`` what to do."""

    code: str
    title: str
    text: str


# What is lost for the same reason is mended in the same way.
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "too_small": ("too_small",),
    "blurred": ("blurred",),
    "turned_away": ("turned_away", "tilted"),
    "light": ("too_dark", "too_bright", "low_contrast", "uneven_light", "overexposed"),
    "cut_off": ("cut_off",),
    "covered": ("eyes_hidden", "mouth_hidden"),
}

_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "blurred": (
        "Most lost faces are blurred",
        (
            "Give the camera more light or a shorter exposure (1/100 s or less for people who walk), "
            "and check that it is focused on where people pass."
        ),
    ),
    "turned_away": (
        "Most lost faces are turned away",
        (
            "Bring the camera nearer to the height of the eyes (1.6 to 2.2 m), where people walk "
            "towards it."
        ),
    ),
    "light": (
        "Most lost faces are badly lit",
        (
            "Put a light in front of the people, not behind them; turn the camera away from windows, "
            "or switch on its wide dynamic range."
        ),
    ),
    "cut_off": (
        "Most lost faces are cut off",
        (
            "Turn the camera so that people pass through the middle of its picture, and look whether "
            "the region drawn on its still is too narrow."
        ),
    ),
    "covered": (
        "Most lost faces are covered",
        (
            "Caps, dark glasses and masks hide what faces are told by. A sign at the entrance helps, "
            "or another way in for those who wear them."
        ),
    ),
}


def advise(evidence: Evidence) -> Advice | None:
    """The rule of this module; None where there is nothing to say, or not enough to say it."""
    if not evidence.is_online:
        return None
    if not evidence.faces and evidence.online_s >= _LEAST_ONLINE_S:
        return Advice(
            "no_faces",
            f"No face in {evidence.online_s // 3600} hours of pictures",
            "Look at the camera's view: it should show people from the front, and their faces "
            f"{_needed_px(evidence)} px wide or more. The region drawn on its still may leave them out.",
        )
    if 0 < evidence.fps < evidence.wanted_fps / 2:
        return Advice(
            "few_pictures",
            f"Only {evidence.fps:.1f} of {evidence.wanted_fps:g} pictures a second arrive",
            "Check the network to the camera (cable, Wi-Fi, switch), choose its smaller stream, "
            "or ask for fewer pictures in its settings.",
        )
    if faces_missing(evidence):
        return None
    return _against_losses(evidence) or _against_doubt(evidence)


def faces_missing(evidence: Evidence) -> int:
    """How many faces more it takes before advice about losses is given."""
    return max(0, LEAST_FACES - evidence.faces)


def _against_losses(evidence: Evidence) -> Advice | None:
    lost = {
        kind: sum(evidence.losses.get(code, 0) for code in codes) for kind, codes in _KINDS.items()
    }
    total = sum(lost.values())
    if evidence.faces - evidence.usable_faces < _LOST_SHARE * evidence.faces or not total:
        return None
    kind = max(lost, key=lambda name: lost[name])
    if lost[kind] < _MAIN_SHARE * total:
        return None
    if kind == "too_small":
        return Advice(kind, "Most lost faces are too small", _nearer(evidence))
    return Advice(kind, *_TEXTS[kind])


def _against_doubt(evidence: Evidence) -> Advice | None:
    if evidence.losses.get("empty_gallery", 0) >= LEAST_FACES:
        return Advice(
            "empty_gallery",
            "Nobody is enrolled to compare with",
            "Enrol the people who pass here; until then everybody is a stranger.",
        )
    doubted = evidence.uncertain_visits
    if doubted >= _LEAST_UNCERTAIN and doubted >= _UNCERTAIN_SHARE * evidence.usable_visits:
        return Advice(
            "grey_band",
            f"{doubted} people were nearly recognised",
            "Confirm or refuse them on the Review page; a confirmed crop of good quality becomes "
            "one more enrolment photo, and the next time is surer.",
        )
    return None


def _nearer(evidence: Evidence) -> str:
    what_to_do = f"Bring the camera nearer or zoom in: {_needed_px(evidence)} px are needed."
    if evidence.face_width_px is None or evidence.face_width_px >= _needed_px(evidence):
        return f"They are too few pixels wide. {what_to_do}"
    return f"Faces are {evidence.face_width_px:.0f} px wide in the middle. {what_to_do}"


def _needed_px(evidence: Evidence) -> int:
    return max(NEEDED_FACE_PX, evidence.min_face_px)
