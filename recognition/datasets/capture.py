"""Pictures of faces from the frames of a video: turned upright, or with exactly one face.

Public surface: ``Capture``, ``Captures``, ``Detect``, ``capture_faces``, ``collect_photos``,
``TURNS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Literal

import numpy as np

from recognition.contracts import Detection, Picture

__all__ = ["TURNS", "Capture", "Captures", "Detect", "Turn", "capture_faces", "collect_photos"]

Detect = Callable[[Sequence[Picture]], list[list[Detection]]]
Turn = Literal[0, 90, 180, 270]
TURNS: tuple[Turn, ...] = (0, 90, 180, 270)
"""Degrees clockwise by which a frame is turned."""

_SETTLED_AFTER = 5  # frames that show a face: fewer may all hold the same mistake
_GIVE_UP_AFTER = 100  # frames looked at without any, as FaceNet's script


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """An upright picture with its faces, and the number of the frame, from 0."""

    frame: int
    picture: Picture
    faces: tuple[Detection, ...]


@dataclass(slots=True)
class Captures:
    """What was seen of a video when it is done. ``turn`` is None where no face told it."""

    frames: int = 0
    looked_at: int = 0
    without_face: int = 0
    with_several: int = 0
    turn: Turn | None = None


def capture_faces(
    frames: Iterable[Picture], *, detect: Detect, every: int = 1, tally: Captures
) -> Iterator[Capture]:
    """Each ``every``-th frame that shows a face, turned so that its faces stand upright.

    Each of the first frames is looked at in all four orientations; once five have shown a face,
    the orientation with the highest sum of scores holds for all frames. After 100 frames without
    any face the video is given up. ``tally`` is filled in as it goes.
    """
    looked = _every(frames, every, tally)
    waiting: list[tuple[int, Picture]] = []
    sums: dict[Turn, float] = dict.fromkeys(TURNS, 0.0)
    for number, picture in looked:
        scores = _scores(picture, detect)
        if not any(scores.values()):
            tally.without_face += 1
            if not waiting and tally.without_face >= _GIVE_UP_AFTER:
                return
            continue
        waiting.append((number, picture))
        for turn, score in scores.items():
            sums[turn] += score
        if len(waiting) >= _SETTLED_AFTER:
            break
    if not waiting:
        return
    settled: Turn = max(TURNS, key=sums.__getitem__)
    tally.turn = settled
    for number, picture in chain(waiting, looked):
        yield from _captured(number, picture, settled, detect, tally)


def collect_photos(
    frames: Iterable[Picture],
    *,
    detect: Detect,
    every: int = 10,
    most: int | None = None,
    tally: Captures,
) -> Iterator[Capture]:
    """Each ``every``-th frame, the first included, that shows exactly one face; ``most`` of them."""

    def alone() -> Iterator[Capture]:
        for number, picture in _every(frames, every, tally):
            (faces,) = detect([picture])
            if len(faces) == 1:
                yield Capture(number, picture, tuple(faces))
            else:
                tally.without_face += not faces
                tally.with_several += bool(faces)

    yield from islice(alone(), most)


def _every(frames: Iterable[Picture], every: int, tally: Captures) -> Iterator[tuple[int, Picture]]:
    if every < 1:
        raise ValueError(f"every is {every}; 1 looks at each frame")
    for number, picture in enumerate(frames):
        tally.frames += 1
        if number % every == 0:
            tally.looked_at += 1
            yield number, picture


def _captured(
    number: int, picture: Picture, turn: Turn, detect: Detect, tally: Captures
) -> Iterator[Capture]:
    upright = _turned(picture, turn)
    (found,) = detect([upright])
    faces = tuple(face for face in found if _is_upright(face))
    if faces:
        yield Capture(number, upright, faces)
    else:
        tally.without_face += 1


def _scores(picture: Picture, detect: Detect) -> dict[Turn, float]:
    """For each orientation the sum of the scores of faces that stand upright in it."""
    found = detect([_turned(picture, turn) for turn in TURNS])
    return {
        turn: sum(face.score for face in faces if _is_upright(face))
        for turn, faces in zip(TURNS, found, strict=True)
    }


def _turned(picture: Picture, turn: Turn) -> Picture:
    return np.ascontiguousarray(np.rot90(picture, -turn // 90))


def _is_upright(face: Detection) -> bool:
    """Whether the way from the eyes to the mouth leads down: detectors find lying faces, too."""
    across, down = (face.landmarks[3:].mean(axis=0) - face.landmarks[:2].mean(axis=0)).tolist()
    return bool(down > abs(across))
