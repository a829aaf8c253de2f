"""Several RTSP cameras before which known people and strangers pass, and the truth of it.

Public surface: ``Scene``, ``Seen``, ``build_scene``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.support import Photo, SmallLfw
from recognition.contracts import ImageAnalysis
from recognition.pipeline import load_engine
from tests.clips import Passage, walk_past, write_h264
from tests.rtsp import RtspServer, Sent

__all__ = ["Scene", "Seen", "build_scene"]

PASSAGE_S = 3.0
PAUSE_S = 1.0
# Nobody walks in step with whoever passes another camera.
OUT_OF_STEP_S = 0.4


@dataclass(frozen=True, slots=True)
class Seen:
    """A passage as it was really sent: before which camera, who ("" for a stranger), when."""

    camera: str
    who: str
    name: str
    first_s: float
    last_s: float


@dataclass(frozen=True, slots=True)
class Scene:
    """``passages`` by camera; the clip of each goes round and round."""

    fps: float
    server: RtspServer
    passages: dict[str, tuple[Passage, ...]]
    known: frozenset[str]

    def seen(self, *, since_s: float, until_s: float) -> list[Seen]:
        """The passages that were sent wholly between two moments (seconds since the epoch)."""
        found = []
        for camera, passages in self.passages.items():
            frames = [one for one in self.server.sent() if one.stream == camera]
            for round_ in _rounds(frames):
                times = {one.frame: one.at_s for one in round_}
                for passage in passages:
                    first, last = times.get(passage.first_frame), times.get(passage.end_frame - 1)
                    if first and last and first >= since_s and last <= until_s:
                        who = passage.who if passage.who in self.known else ""
                        found.append(Seen(camera, who, passage.who, first, last))
        return found

    def sent_at(self, camera: str, frame: int, *, before_s: float) -> float | None:
        """When the camera sent that frame last before a moment."""
        times = [
            one.at_s
            for one in self.server.sent()
            if one.stream == camera and one.frame == frame and one.at_s <= before_s
        ]
        return max(times, default=None)


def build_scene(
    data: SmallLfw,
    *,
    cameras: int,
    fps: float,
    folder: Path,
    is_in_step: bool = False,
    seed: int = 5,
) -> Scene:
    """With ``is_in_step`` somebody comes before every camera in the same moment, again and again.

    Everybody passes before one camera only, so that no two cameras' visits are one by right.

    Two in three who pass are known, each with a photo that is not enrolled. Only photos with one
    face are taken: somebody in the background is a visit of their own, and nobody's truth.
    """
    chance = random.Random(seed)
    probes = _of_one_face(data.probes)
    known = sorted({photo.identity for photo in probes if photo.identity})
    strangers = [photo for photo in probes if not photo.identity]
    chance.shuffle(known)
    chance.shuffle(strangers)
    streams, passages = {}, {}
    for number in range(cameras):
        name = f"camera-{number + 1}"
        walkers = [
            (who, chance.choice([photo for photo in probes if photo.identity == who]).path)
            for who in known[number::cameras]
        ]
        share = strangers[number::cameras][: max(len(walkers) // 2, 1)]
        walkers += [(_stranger_name(photo), photo.path) for photo in share]
        chance.shuffle(walkers)
        pause_s = PAUSE_S + (0.0 if is_in_step else OUT_OF_STEP_S * number)
        walk = walk_past(walkers, fps=fps, passage_s=PASSAGE_S, pause_s=pause_s, seed=number)
        path = folder / f"{name}.h264"
        write_h264(path, walk.frames(), fps=fps)
        streams[name] = (path, fps)
        passages[name] = walk.passages
    return Scene(fps, RtspServer(streams, folder=folder), passages, frozenset(known))


def _of_one_face(photos: Sequence[Photo]) -> list[Photo]:
    analyses = load_engine().analyse([photo.data for photo in photos], flip_fusion=False)
    return [
        photo
        for photo, found in zip(photos, analyses, strict=True)
        if isinstance(found, ImageAnalysis) and len(found.faces) == 1
    ]


def _stranger_name(photo: Photo) -> str:
    return f"stranger {photo.path.stem}"


def _rounds(frames: Sequence[Sent]) -> list[list[Sent]]:
    """The frames of each turn of a clip; numbers begin anew with every turn."""
    rounds: list[list[Sent]] = []
    for one in frames:
        if not rounds or one.frame <= rounds[-1][-1].frame:
            rounds.append([])
        rounds[-1].append(one)
    return rounds
