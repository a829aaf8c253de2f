"""``evaluate detection``: faces found and false alarms of MTCNN's weights, side by side."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from recognition.cli._arguments import at_least, share
from recognition.cli._command import Command
from recognition.cli._output import complain, print_json, print_table
from recognition.errors import RecognitionError

if TYPE_CHECKING:
    from recognition.detection.training.scenes import SceneSource
    from recognition.detection.training.scoring import DetectionScore

__all__ = ["DETECTION", "print_scores", "scored"]

_DESCRIPTION = """\
Look for the faces of labelled pictures with the published weights of MTCNN and with your own.

  python -m recognition evaluate detection --imglab testing_with_face_landmarks.xml \\
      --weights run/mtcnn.safetensors
  python -m recognition evaluate detection --made 100 --weights run/mtcnn.safetensors

recall        faces of 20 px and more that a detection overlaps by an IoU of --overlap and more
precision     detections that overlap a face so
points off    mean distance of the five points of found faces, in eye distances
"""


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--imglab", type=Path, nargs="+", default=[], metavar="FILE.xml")
    parser.add_argument("--wider", type=Path, metavar="FILE", help="WIDER FACE's list of boxes")
    parser.add_argument("--root", type=Path, metavar="DIR", help="the folder of WIDER's pictures")
    parser.add_argument("--made", type=at_least(1), metavar="N", help="made scenes")
    parser.add_argument("--seed", type=at_least(0), default=667, help="of made scenes (667)")
    parser.add_argument(
        "--weights", type=Path, nargs="*", default=[], metavar="FILE", help="of `train mtcnn`"
    )
    parser.add_argument("--overlap", type=share, default=0.5, help="default 0.5")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _run(options: Namespace) -> int:
    from recognition.detection.training import MadeScenes, read_imglab, read_wider

    if (options.wider is None) != (options.root is None):
        raise RecognitionError("--wider and --root go together.", code="input.missing")
    sources: dict[str, SceneSource] = {str(path): read_imglab(path) for path in options.imglab}
    if options.wider is not None:
        sources[str(options.wider)] = read_wider(options.wider, root=options.root)
    if options.made is not None:
        sources[f"made, seed {options.seed}"] = MadeScenes(options.made, seed=options.seed)
    if not sources:
        raise RecognitionError(
            "No pictures were named: give --imglab, --wider or --made.", code="input.empty"
        )
    detectors: dict[str, Path | None] = {"published": None}
    detectors |= {str(path): path for path in options.weights}
    found = {
        name: {of: scored(path, scenes, overlap=options.overlap) for of, path in detectors.items()}
        for name, scenes in sources.items()
    }
    lost = {line for scores in found.values() for one in scores.values() for line in one.unreadable}
    if options.json:
        print_json(
            {
                "ok": not lost,
                "sets": {
                    name: {of: _fields(score) for of, score in scores.items()}
                    for name, scores in found.items()
                },
            }
        )
    else:
        for name, scores in found.items():
            first = next(iter(scores.values()))
            print(f"{name}: {first.faces:,} faces in {first.scenes:,} pictures")
            print_scores(scores)
        for line in sorted(lost):
            complain(line)
    return 1 if lost else 0


def scored(weights: Path | None, scenes: SceneSource, *, overlap: float = 0.5) -> DetectionScore:
    """The published weights for None. Raises ``WeightsError`` for a file that is none of ours."""
    from recognition.detection.mtcnn import MtcnnDetector
    from recognition.detection.mtcnn_weights import load_mtcnn_weights, read_mtcnn_weights
    from recognition.detection.training.scoring import score_detector
    from recognition.weights import verified_path

    networks = ("pnet", "rnet", "onet")
    detector = MtcnnDetector(
        load_mtcnn_weights(*(verified_path(f"mtcnn-{name}") for name in networks))
        if weights is None
        else read_mtcnn_weights(weights)
    )
    return score_detector(detector, scenes, overlap=overlap)


def print_scores(scores: Mapping[str, DetectionScore]) -> None:
    """A row a detector."""
    print_table(
        ("weights", "recall", "found", "faces", "precision", "false alarms", "points off"),
        [
            (
                name, _percent(score.recall), f"{score.found}", f"{score.faces}",
                _percent(score.precision), f"{score.false_alarms}",
                "–" if score.landmark_error is None else f"{score.landmark_error:.3f}",
            )
            for name, score in scores.items()
        ],
    )  # fmt: skip


def _fields(score: DetectionScore) -> dict[str, object]:
    return {**asdict(score), "recall": score.recall, "precision": score.precision}


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


DETECTION = Command(
    "detection", "MTCNN's weights, the published and your own, side by side", _DESCRIPTION,
    _add_arguments, _run,
)  # fmt: skip
