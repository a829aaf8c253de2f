"""Detectors beside their peers on the same photos, in one run: milliseconds, ratios, boxes.

    GATEHOUSE_TEST_DATA=… python -m bench.detection --peer-python .venv-mtcnn/bin/python
        [--published-peer .venv-mtcnn/mtcnn-0.1] [--photos 32] [--rounds 5]

MTCNN against the package ``mtcnn`` on TensorFlow (bench/requirements-mtcnn.txt) with the same weights,
smallest face, thresholds and factor; YuNet against OpenCV's FaceDetectorYN with the same file at the
same input size. Photos are decoded before. Ours and theirs take turns, round by round; figures are
medians of the rounds, ratios medians of the rounds' ratios. Version 1.0.0 of the package crops,
rounds and suppresses in ways of its own; 0.1.1 follows the published rules as we do: boxes are
compared with both. Without --peer-python only the other parts are measured.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.support import describe_machine, median
from recognition.contracts import Detection, Detector, Picture
from recognition.detection import build_detector
from recognition.detection.yunet import YunetDetector
from recognition.device import choose_device
from recognition.images import decode_image
from recognition.runtime import NetworkSpec, float_graph, open_network
from recognition.weights import cache_folder, verified_path
from tests.realdata import REAL_DATA

NEAR_PX = 2.0
MATCHED_PX = 20.0
BATCH = 16

Faces = list[list[list[float]]]  # per photo, per face: x, y, width, height, score


class Peer:
    """The other environment's process, answering one line at a time."""

    def __init__(self, python: Path, package: Path | None = None) -> None:
        script = Path(__file__).with_name("peer_mtcnn.py")
        self._process = subprocess.Popen(
            [str(python), str(script), *([str(package)] if package else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # its own interpreter's packages only, none of ours
            env={k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))},
            text=True,
        )

    def detect(self, photos: Sequence[Path], *, batch: bool = False) -> tuple[float, Faces]:
        """Seconds and faces."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        work = {"photos": [str(photo) for photo in photos], "batch": batch}
        self._process.stdin.write(json.dumps(work) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(
                f"the peer ended with {self._process.wait()}: is bench/requirements-mtcnn.txt "
                "installed where --peer-python points to?"
            )
        answer = json.loads(line)
        return answer["seconds"], answer["faces"]

    def close(self) -> None:
        self._process.communicate()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer-python", type=Path, help="interpreter that has mtcnn 1.0.0")
    parser.add_argument("--published-peer", type=Path, help="folder that holds mtcnn 0.1.1")
    parser.add_argument("--photos", type=int, default=32, help="LFW photos")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if not (REAL_DATA / "lfw" / "images").is_dir():
        raise SystemExit(f"{REAL_DATA / 'lfw/images'} is not there; set GATEHOUSE_TEST_DATA.")
    print(describe_machine())
    lfw = sorted((REAL_DATA / "lfw" / "images").rglob("*.jpg"))
    sets = {
        "LFW, 250x250": lfw[:: max(1, len(lfw) // options.photos)][: options.photos],
        "group photos": sorted((REAL_DATA / "detection").glob("*.jpg")),
    }
    for name, photos in sets.items():
        print(f"\n== {name}, {len(photos)} photos ==")
        pictures = [decode_image(photo.read_bytes()).picture for photo in photos]
        compare_mtcnn(photos, pictures, options)
        compare_yunet(pictures, rounds=options.rounds)


def compare_mtcnn(
    photos: Sequence[Path], pictures: Sequence[Picture], options: argparse.Namespace
) -> None:
    detector = detector_of("mtcnn")
    print("MTCNN: smallest face 20 px, thresholds 0.6 0.7 0.7, factor 0.709")
    runs: dict[str, Callable[[], float]] = {
        "ours, one by one": lambda: seconds_of(lambda: one_by_one(detector, pictures)),
        "ours, batches of 16": lambda: seconds_of(lambda: in_batches(detector, pictures)),
    }
    if options.peer_python is None:
        print_times(runs, count=len(pictures), rounds=options.rounds)
        return
    with closing(Peer(options.peer_python)) as peer:
        runs["mtcnn 1.0.0, one by one"] = lambda: peer.detect(photos)[0]
        if len({picture.shape for picture in pictures}) == 1:  # it pads others to one size
            runs["mtcnn 1.0.0, batches of 16"] = lambda: sum(
                peer.detect(photos[first : first + BATCH], batch=True)[0]
                for first in range(0, len(photos), BATCH)
            )
        print_times(runs, count=len(pictures), rounds=options.rounds)
        ours = rows_of(detector.detect(pictures))
        print_boxes("mtcnn 1.0.0", ours, peer.detect(photos)[1], pictures)
    if options.published_peer is not None:
        with closing(Peer(options.peer_python, options.published_peer)) as peer:
            print_boxes("mtcnn 0.1.1", ours, peer.detect(photos)[1], pictures)


def compare_yunet(pictures: Sequence[Picture], *, rounds: int) -> None:
    """At the pictures' own sizes; of those above 256 px ours takes a second, small look."""
    network = open_network(
        NetworkSpec(
            float_graph("yunet-2023mar", cache_dir=cache_folder(None)), channel_order="bgr"
        ),
        choose_device("cpu", "auto"),
    )
    detector = YunetDetector(network, threshold=0.7, enlarge=1.0)
    peer = cv2.FaceDetectorYN.create(
        str(verified_path("yunet-2023mar")), "", (320, 320), 0.7, 0.3, 5000
    )
    mirrored = [np.ascontiguousarray(picture[..., ::-1]) for picture in pictures]

    def theirs() -> None:
        for picture in mirrored:
            peer.setInputSize(picture.shape[1::-1])
            peer.detect(picture)

    print("YuNet: the same file, score 0.7")
    print_times(
        {
            "ours, one by one": lambda: seconds_of(lambda: one_by_one(detector, pictures)),
            "ours, batches of 16": lambda: seconds_of(lambda: in_batches(detector, pictures)),
            "FaceDetectorYN, one by one": lambda: seconds_of(theirs),
        },
        count=len(pictures),
        rounds=rounds,
    )


def print_times(runs: dict[str, Callable[[], float]], *, count: int, rounds: int) -> None:
    """Milliseconds a photo, and how many times as fast as each peer and as one by one ours is."""
    for run in runs.values():
        run()  # compiles, fills caches
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            seconds[name].append(run())
    for name, values in seconds.items():
        print(f"  {name:28} {median(values) / count * 1000:8.2f} ms a photo")
    for ours in (name for name in runs if name.startswith("ours")):
        for other in runs:
            if other == ours or (other.startswith("ours") and ours != "ours, batches of 16"):
                continue
            ratios = [b / a for a, b in zip(seconds[ours], seconds[other], strict=True)]
            print(
                f"  {ours} is {median(ratios):.2f} times as fast as {other} "
                f"({min(ratios):.2f} to {max(ratios):.2f})"
            )


def print_boxes(name: str, ours: Faces, theirs: Faces, pictures: Sequence[Picture]) -> None:
    """How far each of their boxes lies from the nearest of ours: the largest of four numbers."""
    distances: list[float] = []
    for own, other, picture in zip(ours, theirs, pictures, strict=True):
        distances += [
            min((distance(face, one, picture) for one in own), default=np.inf) for face in other
        ]
    near = [value for value in distances if value <= NEAR_PX]
    matched = [value for value in distances if value < MATCHED_PX]
    print(
        f"  boxes: {sum(map(len, ours))} faces of ours, {len(distances)} of {name}; "
        f"{len(near)} of theirs within {NEAR_PX:.0f} px ({len(near) / len(distances):.1%}), "
        f"median {median(matched):.2f} px, largest {max(matched):.2f} px, "
        f"{len(distances) - len(matched)} without one of ours within {MATCHED_PX:.0f} px"
    )


def distance(theirs: Sequence[float], ours: Sequence[float], picture: Picture) -> float:
    """Between corners inside the picture (1.0.0 cuts all four), or between the first corners
    inside it and the whole sizes (0.1.1 moves the first corner inside and leaves the size)."""
    height, width = picture.shape[:2]
    limits = [width - 1, height - 1] * 2
    cut = [np.clip([x, y, x + w, y + h], 0, limits) for x, y, w, h in (theirs[:4], ours[:4])]
    moved = [np.array([max(x, 0), max(y, 0), w, h]) for x, y, w, h in (theirs[:4], ours[:4])]
    return min(float(np.abs(a - b).max()) for a, b in (cut, moved))


def one_by_one(detector: Detector, pictures: Sequence[Picture]) -> None:
    for picture in pictures:
        detector.detect([picture])


def in_batches(detector: Detector, pictures: Sequence[Picture]) -> None:
    for first in range(0, len(pictures), BATCH):
        detector.detect(pictures[first : first + BATCH])


def seconds_of(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def rows_of(found: Sequence[Sequence[Detection]]) -> Faces:
    return [
        [[f.box.x, f.box.y, f.box.width, f.box.height, f.score] for f in faces] for faces in found
    ]


def detector_of(name: Any) -> Detector:
    return build_detector(name, choice=choose_device("cpu", "auto"), threshold=0.7, min_face_px=20)


if __name__ == "__main__":
    main()
