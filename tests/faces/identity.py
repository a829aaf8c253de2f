"""Made people: the parameters of a face, drawn once from the number of an identity.

Lengths are in face units: the half width of an average face is 1, x to the picture's right and
y down from the middle between the eyes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

__all__ = ["FaceIdentity", "HairStyle", "make_identity"]

Colour = tuple[float, float, float]
Name = TypeVar("Name", bound=str)
HairStyle = Literal["bald", "short", "parted", "fringe", "long", "curly"]
BeardStyle = Literal["none", "stubble", "moustache", "goatee", "full"]

_SKINS = (
    (246, 214, 190), (234, 192, 162), (224, 178, 140), (208, 158, 120), (190, 138, 100),
    (164, 114, 80), (136, 92, 64), (108, 72, 52), (84, 56, 42), (240, 200, 176),
)  # fmt: skip
_HAIRS = (
    (22, 18, 17), (44, 30, 22), (74, 48, 30), (116, 76, 44), (176, 134, 82), (206, 172, 116),
    (140, 62, 34), (150, 148, 146), (206, 204, 200),
)  # fmt: skip
_IRISES = (
    (66, 42, 26),
    (88, 60, 36),
    (104, 92, 52),
    (76, 104, 82),
    (92, 128, 156),
    (110, 118, 126),
)
_CLOTHES = (
    (40, 48, 66), (120, 36, 40), (36, 84, 72), (196, 190, 178), (70, 70, 74), (160, 120, 60),
    (84, 62, 110), (28, 28, 30),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FaceIdentity:
    """Everything that stays with a person from one picture to the next."""

    number: int
    skin: Colour
    hair: Colour
    iris: Colour
    lips: Colour
    clothes: Colour
    cheek_width: float
    jaw_width: float
    chin_y: float
    eye_x: float
    eye_half_width: float
    eye_openness: float
    eye_tilt: float
    eye_depth: float
    brow_y: float
    brow_thickness: float
    brow_arch: float
    brow_strength: float
    nose_tip_y: float
    nose_half_width: float
    nose_height: float
    mouth_y: float
    mouth_half_width: float
    upper_lip: float
    lower_lip: float
    smile: float
    cheekbones: float
    age: float
    freckles: float
    hairline_y: float
    hair_style: HairStyle
    beard: BeardStyle
    glasses: Literal["none", "round", "square"]


def make_identity(number: int) -> FaceIdentity:
    """The person of this number; the same number is the same person for ever."""
    rng = np.random.default_rng([number, 20_011])

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    def pick(choices: tuple[Colour, ...], spread: float = 0.04) -> Colour:
        chosen = np.array(choices[rng.integers(len(choices))]) / 255
        r, g, b = np.clip(chosen * (1 + rng.uniform(-spread, spread, 3)), 0, 1)
        return float(r), float(g), float(b)

    skin = pick(_SKINS)
    redness = between(0.0, 0.5)
    lips = (
        skin[0] * (0.86 - 0.08 * redness),
        skin[1] * (0.68 - 0.22 * redness),
        skin[2] * (0.72 - 0.2 * redness),
    )
    masculine = rng.random() < 0.5
    beards: tuple[BeardStyle, ...] = ("none", "stubble", "moustache", "goatee", "full")
    man_hair: tuple[HairStyle, ...] = ("bald", "short", "short", "parted", "curly")
    woman_hair: tuple[HairStyle, ...] = ("long", "fringe", "parted", "long", "curly")
    return FaceIdentity(
        number=number,
        skin=skin,
        hair=pick(_HAIRS),
        iris=pick(_IRISES),
        lips=lips,
        clothes=pick(_CLOTHES),
        cheek_width=between(0.86, 1.1),
        jaw_width=between(0.64, 0.9) if masculine else between(0.54, 0.76),
        chin_y=between(1.3, 1.62),
        eye_x=between(0.36, 0.48),
        eye_half_width=between(0.145, 0.235),
        eye_openness=between(0.045, 0.125),
        eye_tilt=between(-0.25, 0.35),
        eye_depth=between(0.2, 1.8),
        brow_y=between(-0.38, -0.17),
        brow_thickness=between(0.035, 0.11) if masculine else between(0.02, 0.06),
        brow_arch=between(-0.03, 0.15),
        brow_strength=between(0.35, 1.0),
        nose_tip_y=between(0.4, 0.66),
        nose_half_width=between(0.12, 0.3),
        nose_height=between(0.18, 0.52),
        mouth_y=between(0.82, 1.0),
        mouth_half_width=between(0.22, 0.44),
        upper_lip=between(0.02, 0.11),
        lower_lip=between(0.04, 0.14),
        smile=between(-0.04, 0.09),
        cheekbones=between(0.0, 1.0),
        age=between(0.0, 1.0),
        freckles=max(0.0, between(-1.0, 1.0)),
        hairline_y=between(-0.82, -0.62),
        hair_style=_one_of(rng, man_hair if masculine else woman_hair),
        beard=_one_of(rng, beards) if masculine else "none",
        glasses=_one_of(rng, ("none", "none", "none", "round", "square")),
    )


def _one_of(rng: np.random.Generator, choices: tuple[Name, ...]) -> Name:
    return choices[int(rng.integers(len(choices)))]
