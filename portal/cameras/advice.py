"""One piece of advice about a camera: a pure rule over what it yielded.

Public surface: ``advise``, ``faces_missing``, ``Evidence``, ``Advice``, ``CODES``. In this order,
and the first that applies is said:

1. Nothing at all while the camera cannot yield anything (it is not online): its state says why.
2. Online for two hours and no face: look at the view.
3. Fewer than half of the pictures a second that are wanted: look at the network.
4. Fewer than fifty faces: nothing, it would be guessing.
5. Of the faces within the region three in ten or more are lost, and one kind of loss makes up two
   in five of these: what helps against it.
6. The same for those outside the region, of all faces: look at the region.
7. Half of the people whose face was good enough found nobody enrolled to be compared with, ten at
   least: enrol.
8. Three in ten of the people whose face was good enough are neither recognised nor strangers,
   ten at least: more or newer enrolment photos.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from portal.cameras.losses import BELOW_MIN_SIZE, OUTSIDE_REGION
from recognition.decision import ReasonCode

__all__ = [
    "CODES",
    "LEAST_FACES",
    "NEEDED_FACE_PX",
    "Advice",
    "Evidence",
    "advise",
    "faces_missing",
]

LEAST_FACES: Final = 50
# Of an upright face 60 px wide the eyes are 24 px apart, as an enrolment photo's must be.
NEEDED_FACE_PX: Final = 60
_LEAST_ONLINE_S: Final = 2 * 3600
_LOST_SHARE: Final = 0.3
_MAIN_SHARE: Final = 0.4
_UNCERTAIN_SHARE: Final = 0.3
_LEAST_UNCERTAIN: Final = 10
_UNCOMPARED_SHARE: Final = 0.5
_LEAST_UNCOMPARED: Final = 10


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a camera yielded in a period. ``losses`` is {reason code: faces}, of
    ``portal.cameras.losses.VISIT_REASONS`` {reason code: visits}; ``face_width_px`` the median,
    None where it is not known; ``wanted_fps`` 0 where the camera sends as it likes."""

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
    BELOW_MIN_SIZE: (BELOW_MIN_SIZE,),
}
_EMPTY_GALLERY: Final = str(ReasonCode.EMPTY_GALLERY)
# All that the rule looks at among the losses.
CODES: Final = frozenset({OUTSIDE_REGION, _EMPTY_GALLERY, *chain(*_KINDS.values())})

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
    outside = evidence.losses.get(OUTSIDE_REGION, 0)
    # What the region leaves out is mostly meant to be: it hides nothing of what it lets in.
    within = evidence.faces - outside
    kind = max(lost, key=lambda name: lost[name])
    if (
        within >= LEAST_FACES
        and within - evidence.usable_faces >= _LOST_SHARE * within
        and lost[kind] >= max(1, _MAIN_SHARE * sum(lost.values()))
    ):
        if kind == "too_small":
            return Advice(kind, "Most lost faces are too small", _nearer(evidence))
        if kind == BELOW_MIN_SIZE:
            return Advice(kind, "Most lost faces are smaller than asked for", _smaller(evidence))
        return Advice(kind, *_TEXTS[kind])
    is_much = outside >= _MAIN_SHARE * (outside + sum(lost.values()))
    if is_much and outside >= _LOST_SHARE * evidence.faces:
        return Advice(
            OUTSIDE_REGION,
            "Most lost faces are outside the region",
            "That is right where they only pass by. If they belong to people who come here, draw the "
            "region on the camera's still wider.",
        )
    return None


def _against_doubt(evidence: Evidence) -> Advice | None:
    alone = evidence.losses.get(_EMPTY_GALLERY, 0)
    if alone >= _LEAST_UNCOMPARED and alone >= _UNCOMPARED_SHARE * evidence.usable_visits:
        return Advice(
            _EMPTY_GALLERY,
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


def _smaller(evidence: Evidence) -> str:
    asked = evidence.min_face_px
    if asked <= NEEDED_FACE_PX:
        return _nearer(evidence)
    return (
        f"This camera's settings leave out faces under {asked} px, and {NEEDED_FACE_PX} px are enough "
        "to recognise somebody. Ask for less there, or bring the camera nearer."
    )


def _needed_px(evidence: Evidence) -> int:
    return max(NEEDED_FACE_PX, evidence.min_face_px)
