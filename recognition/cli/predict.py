"""``predict``: name every face of group photos with a trained classifier."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from recognition.classification import Prediction, classify, load_classifier
from recognition.cli._arguments import add_rejection_arguments
from recognition.cli._command import Command
from recognition.cli._engine import add_engine_arguments, open_engine
from recognition.cli._faces import find_pictures, pictures_with_faces, report_problems
from recognition.cli._names import prediction_cells
from recognition.cli._output import print_json, print_table
from recognition.contracts import Face

__all__ = ["COMMAND"]

_DESCRIPTION = """\
Find every face of each picture and name it, from left to right.

  python -m recognition classify train people/ staff.safetensors
  python -m recognition predict staff.safetensors party/*.jpg

Each face is judged on its own, so one picture may show the same name twice. at: the box's left
and upper edge in pixels. probability: of the person named or nearest. cosine: to the nearest of
their photos. unknown: too improbable, or too unlike everybody learnt; the last column says which.
Exit code 1: a picture could not be read or shows no face.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    add_engine_arguments(parser)
    parser.add_argument("classifier", type=Path, metavar="CLASSIFIER")
    parser.add_argument("inputs", nargs="+", type=Path, metavar="FILE_OR_FOLDER")
    add_rejection_arguments(parser)
    parser.add_argument("--json", action="store_true", help="one JSON line a picture")


def _run(options: Namespace) -> int:
    files = find_pictures(options.inputs)
    engine = open_engine(options)
    classifier = load_classifier(options.classifier, space=engine.space)
    problems: dict[Path, str] = {}
    for path, analysis in pictures_with_faces(engine, files, problems=problems):
        faces = sorted(analysis.faces, key=lambda face: face.detection.box.x)
        predictions = classify(
            classifier,
            np.stack([face.embedding for face in faces]),
            space=engine.space,
            min_probability=options.min_probability,
            min_cosine=options.min_cosine,
        )
        named = list(zip(faces, predictions, strict=True))
        if options.json:
            print_json({"file": str(path), "faces": [_fields(*item) for item in named]})
            continue
        print(f"{path}: {len(faces)} face{'s' if len(faces) > 1 else ''}")
        print_table(
            ("at", "name", "probability", "cosine", "because"),
            [(_place(face), *prediction_cells(prediction)) for face, prediction in named],
        )
    return report_problems(problems)


def _fields(face: Face, prediction: Prediction) -> dict[str, Any]:
    return {"box": asdict(face.detection.box), **asdict(prediction)}


def _place(face: Face) -> str:
    return f"{face.detection.box.x:.0f},{face.detection.box.y:.0f}"


COMMAND = Command(
    "predict",
    "name every face of group photos with a trained classifier",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
