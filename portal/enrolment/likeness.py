"""Which photos of one person belong together, which are copies of each other, and which side of
the face each shows: pure rules over vectors, crops and angles, for enrolment, roster and hygiene.

Public surface: ``sort_out`` with ``Portrayed`` and ``Sorting``; ``crop_print``,
``crop_correlation``; ``angle_of``, ``missing_angles``. The bounds hold for plain cosines of the
default model (SFace); ``bench/enrolment_checks.py`` measures what they do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = [
    "ALL_ANGLES",
    "COPY_CORRELATION",
    "COPY_COSINE",
    "SAME_PERSON_COSINE",
    "WANTED_ANGLES",
    "Angle",
    "Portrayed",
    "Print",
    "Repeated",
    "Sorting",
    "Unlike",
    "angle_of",
    "crop_correlation",
    "crop_print",
    "missing_angles",
    "sort_out",
]

Angle = Literal["front", "left", "right", "up", "down"]

# LFW, 740 people with three photos or more, each photo's best cosine with the person's others:
# 0.27 % of 3,292 lie below; a stranger's photo reaches it with one of somebody's three in 2 of
# 14,800 cases. (Verification's threshold is about the model's mean, which the portal does not
# know; for the best of several photos plain cosines separate as well.)
SAME_PERSON_COSINE: Final = 0.42

# lfw_small: the same photo saved anew (JPEG 60, 0.6 and 2 times the size, brighter, more contrast,
# cut, turned by 3 degrees) has a cosine of 0.94 or more with itself; of 8,101 pairs of different
# LFW photos of one person 4 have, two of which are one picture at two sizes.
COPY_COSINE: Final = 0.94
# The correlation of the aligned grey crops: 98 % of the same copies have 0.95 or more, and of the
# different photos above the cosine only those two. It tells a burst from a head that turned.
COPY_CORRELATION: Final = 0.95

# Half of press photos lie within 11 degrees of yaw. The pitch of people who look straight ahead is
# measured as -2 (LFW's median), because noses differ from the average face; 0.1 % look up by 6.
_ASIDE_DEGREES = 15.0
_LEVEL_PITCH_DEGREES = -2.0
_UP_OR_DOWN_DEGREES = 7.0

WANTED_ANGLES: Final[tuple[Angle, ...]] = ("front", "left", "right")
ALL_ANGLES: Final[tuple[Angle, ...]] = (*WANTED_ANGLES, "up", "down")

_PRINT_SIDE = 28

Print = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Portrayed:
    """One photo's face. ``vector`` is ``(D,) float32``, unit length, all of one space; ``quality``
    is in [0, 1]; ``crop`` reads its ``crop_print`` and is called only where it decides.

    ``is_enrolled`` faces are the known person's: others are measured by them, they are not judged.
    ``is_vouched`` ones were taken in by somebody who looked: they are never called unlike.
    """

    id: str
    vector: NDArray[np.float32]
    quality: float
    crop: Callable[[], Print]
    is_enrolled: bool = False
    is_vouched: bool = False


@dataclass(frozen=True, slots=True)
class Unlike:
    """``similarity`` is the best one with those that belong together. ``is_tie``: as many photos
    speak for another side, so that any may be wrong, and none is used before somebody answers."""

    similarity: float
    is_tie: bool = False


@dataclass(frozen=True, slots=True)
class Repeated:
    of: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Sorting:
    """Every face that was judged is in exactly one of the three; keys are ``Portrayed.id``."""

    used: tuple[str, ...]
    unlike: dict[str, Unlike] = field(default_factory=dict)
    repeated: dict[str, Repeated] = field(default_factory=dict)


def sort_out(faces: Sequence[Portrayed]) -> Sorting:
    """Tell the faces that are one person's from those that are not, and drop copies.

    Faces belong together that are linked by cosines of ``SAME_PERSON_COSINE``, so that two photos
    of one wrong person do not vouch for each other: the side that counts is the enrolled person's,
    else the one of most photos. Where two are as large nobody knows, and all are set aside.
    Of copies the better is kept.
    """
    if not faces:
        return Sorting(used=())
    cosines = _cosines(faces)
    groups = _linked(cosines)
    side = _right_side(faces, groups)
    unlike = {
        faces[row].id: Unlike(_best_outside(cosines, row, group, side), is_tie=not side)
        for group in groups
        for row in group
        if row not in side and not faces[row].is_enrolled
    }
    repeated = _copies(faces, sorted(side, key=lambda row: _rank(faces, row)), cosines)
    used = tuple(
        face.id
        for face in faces
        if not face.is_enrolled and face.id not in unlike and face.id not in repeated
    )
    return Sorting(used, unlike, repeated)


def crop_print(jpeg: bytes) -> Print:
    """An aligned crop, much reduced, as ``(784,) float32`` of mean 0 and length 1."""
    with Image.open(BytesIO(jpeg)) as picture:
        small = picture.convert("L").resize((_PRINT_SIDE, _PRINT_SIDE), Image.Resampling.BOX)
    grey = np.asarray(small, dtype=np.float32).ravel()
    grey -= grey.mean()
    return grey / max(float(np.linalg.norm(grey)), 1e-6)


def crop_correlation(first: Print, second: Print) -> float:
    """In [-1, 1]; a plain crop, which has no structure, correlates with nothing."""
    return float(first @ second)


def angle_of(*, yaw_degrees: float, pitch_degrees: float) -> Angle:
    """Which side a face shows. ``left`` is the person's own left: the nose to the picture's right."""
    aside = abs(yaw_degrees) / _ASIDE_DEGREES
    tilt = pitch_degrees - _LEVEL_PITCH_DEGREES
    if max(aside, abs(tilt) / _UP_OR_DOWN_DEGREES) < 1.0:
        return "front"
    if aside >= abs(tilt) / _UP_OR_DOWN_DEGREES:
        return "left" if yaw_degrees > 0 else "right"
    return "up" if tilt > 0 else "down"


def missing_angles(
    present: Collection[str], *, wanted: Sequence[Angle] = WANTED_ANGLES
) -> tuple[Angle, ...]:
    """What would still help, in the order of its worth."""
    return tuple(angle for angle in wanted if angle not in present)


def _cosines(faces: Sequence[Portrayed]) -> NDArray[np.float64]:
    rows = np.stack([face.vector for face in faces]).astype(np.float64)
    return np.clip(rows @ rows.T, -1.0, 1.0)


def _linked(cosines: NDArray[np.float64]) -> list[list[int]]:
    """The groups of rows that are connected, each in order, by their first row."""
    groups: list[list[int]] = []
    left = set(range(len(cosines)))
    while left:
        group, waiting = set(), [min(left)]
        while waiting:
            row = waiting.pop()
            group.add(row)
            near = {int(other) for other in np.flatnonzero(cosines[row] >= SAME_PERSON_COSINE)}
            waiting += near - group
        left -= group
        groups.append(sorted(group))
    return groups


def _right_side(faces: Sequence[Portrayed], groups: Sequence[Sequence[int]]) -> list[int]:
    """The rows that belong together; none where two groups have an equal claim."""
    told = [g for g in groups if any(faces[row].is_enrolled for row in g)]
    vouched = [g for g in groups if any(faces[row].is_vouched for row in g)]
    if not told:
        most = max(len(group) for group in groups)
        told = [group for group in groups if len(group) == most]
        if len(told) > 1:
            told = []
    return sorted({row for group in (*told, *vouched) for row in group})


def _best_outside(
    cosines: NDArray[np.float64], row: int, group: Sequence[int], side: Sequence[int]
) -> float:
    others = side or [other for other in range(len(cosines)) if other not in group]
    return float(cosines[row, others].max())


def _rank(faces: Sequence[Portrayed], row: int) -> tuple[bool, float, int]:
    return not faces[row].is_enrolled, -faces[row].quality, row


def _copies(
    faces: Sequence[Portrayed], ranked: Sequence[int], cosines: NDArray[np.float64]
) -> dict[str, Repeated]:
    kept: list[int] = []
    repeated: dict[str, Repeated] = {}
    for row in ranked:
        twin = next((other for other in kept if _is_copy(faces, row, other, cosines)), None)
        if twin is None or faces[row].is_enrolled:
            kept.append(row)
        else:
            repeated[faces[row].id] = Repeated(faces[twin].id, float(cosines[row, twin]))
    return repeated


def _is_copy(
    faces: Sequence[Portrayed], first: int, second: int, cosines: NDArray[np.float64]
) -> bool:
    if cosines[first, second] < COPY_COSINE:
        return False
    if faces[first].is_enrolled and faces[second].is_enrolled:
        return False
    return crop_correlation(faces[first].crop(), faces[second].crop()) >= COPY_CORRELATION
