"""``watch``: name the faces of a video as it passes, and write it with boxes and names."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recognition.cli._arguments import add_profile_argument, at_least, cosine
from recognition.cli._command import Command
from recognition.cli._engine import add_engine_arguments, open_engine
from recognition.cli._faces import read_people, report_problems, usable_threshold
from recognition.cli._output import print_json, print_table
from recognition.cli._writing import writing
from recognition.contracts import Picture
from recognition.decision import DecisionPolicy
from recognition.decision.comparison import PROFILES, identify

if TYPE_CHECKING:
    from recognition.pipeline import Engine
    from recognition.pipeline.overlay import VideoOutput
    from recognition.pipeline.watching import NamedFace, WatchedFrame

__all__ = ["COMMAND"]

_DESCRIPTION = """\
Enrol PEOPLE/<name>/<photo>, look at every third frame of VIDEO, and say who is seen in it.

  python -m recognition watch corridor.mp4 people/
  python -m recognition watch corridor.mp4 people/ --every 3 --out named.mp4
  python -m recognition watch corridor.mp4 people/ --json | head

All faces of a frame are named, each by itself; in the frames between, the last boxes stay. --out
writes all frames with boxes, names and the frame rate that was reached (H.264 in mp4); without it
nothing is drawn. There is no window: cameras, live pictures and doors are the portal's.
A face is named from the cosine on that the profile and the number of people ask for; another model
than the default needs --threshold. --json gives a line for each analysed frame and a last one that
sums up. Exit code 1: photos of PEOPLE were left out.
"""


@dataclass(slots=True)
class _Seen:
    """What the whole video showed. ``people`` counts analysed frames by name."""

    frames: int = 0
    analysed: int = 0
    faces: int = 0
    people: dict[str, list[int]] = field(default_factory=dict)

    def add(self, frame: WatchedFrame) -> None:
        self.frames += 1
        if not frame.is_analysed:
            return
        self.analysed += 1
        self.faces += len(frame.faces)
        for face in frame.faces:
            if face.decision.kind == "match" and face.decision.person_id is not None:
                self.people.setdefault(face.decision.person_id, []).append(frame.number)


def _add_arguments(parser: ArgumentParser) -> None:
    add_engine_arguments(parser)
    parser.add_argument("video", type=Path, metavar="VIDEO")
    parser.add_argument("people", type=Path, metavar="PEOPLE")
    parser.add_argument(
        "--every", type=at_least(1), default=3, metavar="N", help="look at each n-th frame (3)"
    )
    parser.add_argument("--out", type=Path, metavar="FILE.mp4", help="write the video, drawn over")
    parser.add_argument("--threshold", type=cosine, help="default by profile and number of people")
    add_profile_argument(parser)
    parser.set_defaults(profile="non-cooperative")
    parser.add_argument("--json", action="store_true", help="JSON lines")


def _run(options: Namespace) -> int:
    from recognition.datasets.video_files import video_frames
    from recognition.pipeline.overlay import VideoOutput, frame_rate_of
    from recognition.pipeline.watching import watch_frames

    engine = open_engine(options)
    profile = PROFILES[options.profile]
    people = read_people(engine, options.people, floors=profile.enrolment_floors)
    count = len(set(people.names))
    limit = usable_threshold(
        engine.space, options.threshold, default=profile.identification_threshold(count)
    )
    policy = DecisionPolicy(limit, floors=profile.probe_floors)
    recognise = _recogniser(engine, people.names, people.vectors, policy)
    frames = watch_frames(video_frames(options.video), recognise=recognise, every=options.every)
    output = (
        nullcontext()
        if options.out is None
        else VideoOutput(options.out, frames_per_s=frame_rate_of(options.video))
    )
    started = time.perf_counter()
    with writing(options.out or options.video), output as video:
        seen = _watch(frames, video, is_json=options.json)
    rate = seen.frames / (time.perf_counter() - started)
    if options.json:
        print_json(
            {
                "ok": True,
                "frames": seen.frames,
                "analysed": seen.analysed,
                "faces": seen.faces,
                "frames_per_s": rate,
                "threshold": limit,
                "people": {name: len(at) for name, at in sorted(seen.people.items())},
                "out": None if options.out is None else str(options.out),
            }
        )
        return 1 if people.problems else 0
    print_table(
        ("name", "frames", "first", "last"),
        [(name, f"{len(at)}", f"{at[0]}", f"{at[-1]}") for name, at in sorted(seen.people.items())],
    )
    print(
        f"\n{seen.frames:,} frames, {seen.analysed:,} analysed, {seen.faces:,} faces; "
        f"{rate:.1f} frames a second. {count:,} people, named from a cosine of {limit:.4f} on."
    )
    return report_problems(people.problems)


def _recogniser(
    engine: Engine, names: Sequence[str], vectors: np.ndarray, policy: DecisionPolicy
) -> Callable[[Picture], list[NamedFace]]:
    from recognition.index import PersonGallery
    from recognition.pipeline.watching import NamedFace

    gallery = PersonGallery(engine.space, mode="fused", index=engine.new_index())
    gallery.upsert(names, vectors)

    def recognise(picture: Picture) -> list[NamedFace]:
        # The mirror image costs half as much again, and the next look comes in three frames.
        (analysis,) = engine.analyse_pictures([picture], flip_fusion=False)
        if not analysis.faces:
            return []
        decisions = identify(
            gallery,
            np.stack([face.embedding for face in analysis.faces]),
            qualities=[face.quality for face in analysis.faces],
            policy=policy,
        )
        return [
            NamedFace(face.detection.box, decision)
            for face, decision in zip(analysis.faces, decisions, strict=True)
        ]

    return recognise


def _watch(frames: Iterable[WatchedFrame], video: VideoOutput | None, *, is_json: bool) -> _Seen:
    from recognition.pipeline.overlay import draw_overlay

    seen = _Seen()
    for frame in frames:
        seen.add(frame)
        if video is not None:
            video.write(draw_overlay(frame))
        if is_json and frame.is_analysed:
            print_json(
                {
                    "frame": frame.number,
                    "faces": [
                        {"box": asdict(face.box), "label": face.label, **asdict(face.decision)}
                        for face in frame.faces
                    ],
                }
            )
    return seen


COMMAND = Command(
    "watch",
    "name the faces of a video as it passes; write it with boxes and names",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
