"""``analyse``: everything the engine sees in pictures, one JSON line each."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recognition.cli._command import Command
from recognition.cli._engine import add_engine_arguments, open_engine
from recognition.cli._output import print_json
from recognition.contracts import Face, ImageAnalysis
from recognition.errors import RecognitionError

__all__ = ["COMMAND"]

_DESCRIPTION = """\
Find all faces in pictures; one JSON line a picture: box and landmarks in pixels of the upright
picture, detector's score, quality, embedding, and the time of each stage.

  python -m recognition analyse photo.jpg | python -m json.tool

A picture that cannot be read is answered by its reason; the others are analysed all the same.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    add_engine_arguments(parser)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")


def _run(options: Namespace) -> int:
    from recognition.pipeline import analyse_files

    exit_code = 0
    for path, answer in analyse_files(open_engine(options), options.files):
        if isinstance(answer, RecognitionError):
            exit_code = 1
            fields = {"error": answer.code, "message": answer.message}
        else:
            fields = _analysis_fields(answer)
        print_json({"file": str(path), **fields})
    return exit_code


def _analysis_fields(analysis: ImageAnalysis) -> dict[str, Any]:
    return {
        "width_px": analysis.width_px,
        "height_px": analysis.height_px,
        "faces": [_face_fields(face) for face in analysis.faces],
        "timings": asdict(analysis.timings),
    }


def _face_fields(face: Face) -> dict[str, Any]:
    return {
        "box": asdict(face.detection.box),
        "score": face.detection.score,
        "landmarks": face.detection.landmarks.tolist(),
        "quality": asdict(face.quality),
        "embedding": face.embedding.tolist(),
    }


COMMAND = Command(
    "analyse",
    "find faces: one JSON line a picture",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
