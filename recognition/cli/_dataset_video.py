"""``dataset faces`` and ``dataset collect``: pictures of people from videos."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recognition.cli._arguments import at_least
from recognition.cli._command import Command
from recognition.cli._engine import add_engine_arguments, engine_config, open_detector
from recognition.cli._output import complain, print_json, print_table
from recognition.cli._progress import with_progress
from recognition.cli._writing import writing
from recognition.errors import RecognitionError

if TYPE_CHECKING:
    from recognition.contracts import Detector, Picture
    from recognition.datasets.capture import Capture, Captures

__all__ = ["COLLECT", "FACES"]

VIDEO_SUFFIXES = frozenset(
    {
        ".avi",
        ".flv",
        ".m4v",
        ".mjpeg",
        ".mjpg",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpg",
        ".ts",
        ".webm",
        ".y4m",
    }
)
_FACES = """\
Take pictures of faces out of videos, turned upright, into OUT/<person>/<video>_0000.jpg and so on.

  python -m recognition dataset faces interviews/ faces --every 5 --most 50
  python -m recognition dataset faces clip.mp4 faces --crop 182 --margin 44

A folder of videos may have a folder per person; else the video's name is the person's. The turn
that the file asks for is made first; then frames are looked at in all four orientations until five
show a face, and the orientation in which faces stand upright holds for the whole video. A video
that shows no face in 100 frames is given up. --crop cuts the largest face with --margin (FaceNet's,
in source pixels) instead of keeping the whole frame.
"""
_COLLECT = """\
Collect photos of one person for enrolment or training: every 10th frame with exactly one face, as
OUT/1.jpg, OUT/2.jpg and so on.

  python -m recognition dataset collect walk-in.mp4 people/Ada_Brink --every 10 --most 30

Frames with nobody or with several faces are passed over: one of them might be somebody else.
"""


def _add_common(parser: ArgumentParser, *, every: int) -> None:
    add_engine_arguments(parser)
    parser.add_argument(
        "--every",
        type=at_least(1),
        default=every,
        help=f"look at each n-th frame (default {every})",
    )
    parser.add_argument("--most", type=at_least(1), help="pictures a video; default all")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _add_faces_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("videos", type=Path, metavar="FILE_OR_FOLDER")
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--crop", type=at_least(16), metavar="PX", help="cut faces to this size")
    parser.add_argument("--margin", type=at_least(0), default=44, help="with --crop (default 44)")
    _add_common(parser, every=1)


def _add_collect_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("video", type=Path, metavar="FILE")
    parser.add_argument("out", type=Path, metavar="OUT", help="the person's folder, new or empty")
    _add_common(parser, every=10)


def _run_faces(options: Namespace) -> int:
    from recognition.datasets._folders import require_empty
    from recognition.datasets.capture import Captures, capture_faces
    from recognition.datasets.video_files import VideoRejected, video_frames

    require_empty(options.out)
    videos = _videos(options.videos)
    detector = open_detector(engine_config(options))
    results: list[dict[str, Any]] = []
    named: Counter[tuple[str, str]] = Counter()
    for person, path in with_progress(videos, total=len(videos), label="videos"):
        tally = Captures()
        result = {
            "video": str(path),
            "person": person,
            "pictures": 0,
            "turn": None,
            "problem": None,
        }
        try:
            captures = capture_faces(
                video_frames(path), detect=detector.detect, every=options.every, tally=tally
            )
            result["pictures"] = _write(
                captures,
                options.out / person,
                stem=_free_stem(person, path, named),
                options=options,
            )
        except VideoRejected as error:
            result["problem"] = error.message
        result |= _seen(tally)
        if not result["pictures"] and result["problem"] is None:
            result["problem"] = f"no face in {tally.looked_at:,} frames"
        results.append(result)
    is_good = all(result["problem"] is None for result in results)
    if options.json:
        print_json({"ok": is_good, "out": str(options.out), "videos": results})
        return 0 if is_good else 1
    print_table(
        ("video", "person", "turned", "frames", "pictures"),
        [
            (
                Path(row["video"]).name, row["person"],
                "–" if row["turn"] is None else f"{row['turn']}°",
                f"{row['frames']}", f"{row['pictures']}",
            )
            for row in results
        ],
    )  # fmt: skip
    for result in results:
        if result["problem"]:
            complain(f"{result['video']}: {result['problem']}")
    return 0 if is_good else 1


def _run_collect(options: Namespace) -> int:
    from recognition.datasets._folders import require_empty
    from recognition.datasets.capture import Captures, collect_photos
    from recognition.datasets.video_files import video_frames

    require_empty(options.out)
    detector: Detector = open_detector(engine_config(options))
    tally = Captures()
    captures = collect_photos(
        video_frames(options.video), detect=detector.detect, every=options.every,
        most=options.most, tally=tally,
    )  # fmt: skip
    count = 0
    with writing(options.out):
        for count, capture in enumerate(captures, start=1):
            _save(options.out / f"{count}.jpg", capture.picture)
    if options.json:
        print_json({"ok": count > 0, "out": str(options.out), "pictures": count, **_seen(tally)})
    else:
        print(
            f"{options.out}: {count:,} photos. Of {tally.frames:,} frames {tally.looked_at:,} were "
            f"looked at, {tally.without_face:,} without a face, {tally.with_several:,} with several."
        )
    return 0 if count else 1


def _videos(given: Path) -> list[tuple[str, Path]]:
    """Person and file; a person's folder gives its name to what lies in it."""
    if not given.is_dir():
        return [(given.stem, given)]
    found = sorted(
        p for p in given.rglob("*") if p.suffix.lower() in VIDEO_SUFFIXES and p.is_file()
    )
    if not found:
        raise RecognitionError(
            f"{given} holds no video; expected files like .mp4, .mkv or .mov.", code="input.empty"
        )
    return [(p.stem if p.parent == given else p.parent.name, p) for p in found]


def _free_stem(person: str, path: Path, named: Counter[tuple[str, str]]) -> str:
    """The video's name, with a number where another video of the person has it too."""
    named[person, path.stem] += 1
    number = named[person, path.stem]
    return path.stem if number == 1 else f"{path.stem}-{number}"


def _write(captures: Iterable[Capture], out: Path, *, stem: str, options: Namespace) -> int:
    count = 0
    with writing(out):
        for capture in captures:
            _save(out / f"{stem}_{count:04d}.jpg", _view(capture, options))
            count += 1
            if count == options.most:
                break
    return count


def _view(capture: Capture, options: Namespace) -> Picture:
    from recognition.alignment.margins import crop_resized, margin_box

    if options.crop is None:
        return capture.picture
    height, width = capture.picture.shape[:2]
    face = max(capture.faces, key=lambda found: found.box.area)
    area = margin_box(
        face.box, width_px=width, height_px=height, margin=options.margin, size=options.crop
    )
    return crop_resized(capture.picture, area, size=options.crop)


def _save(path: Path, picture: Picture) -> None:
    from recognition.images import encode_jpeg

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_jpeg(picture, quality=95))


def _seen(tally: Captures) -> dict[str, Any]:
    return {
        "frames": tally.frames,
        "looked_at": tally.looked_at,
        "without_face": tally.without_face,
        "with_several": tally.with_several,
        "turn": tally.turn,
    }


FACES = Command(
    "faces", "faces out of videos, turned upright", _FACES, _add_faces_arguments, _run_faces
)
COLLECT = Command(
    "collect", "photos of one person: each 10th frame with one face", _COLLECT,
    _add_collect_arguments, _run_collect,
)  # fmt: skip
