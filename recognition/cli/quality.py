"""``quality``: every measured component of every face, with its limit and a verdict."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recognition.cli._command import Command
from recognition.cli._engine import add_engine_arguments, open_engine
from recognition.cli._output import complain, print_json, print_table
from recognition.contracts import Face, ImageAnalysis
from recognition.decision import (
    ENROLMENT_FLOORS,
    PROBE_FLOORS,
    QualityFloors,
    assess,
    describe_issue,
    quality_issues,
)
from recognition.errors import RecognitionError

__all__ = ["COMMAND"]

_DESCRIPTION = """\
Measure every face in pictures: each component with its number, the limit for the purpose, and a
verdict. Components bear the names of ISO/IEC 29794-5:2025 where they stand for one of its own.

  python -m recognition quality photo.jpg
  python -m recognition quality --for probe --fov 90 frame.jpg
  python -m recognition quality --json *.jpg

The limits for an enrolment are those below which a photo is a poor template for years; those for a
probe are where recognition ends (python -m bench.quality shows both on LFW). Eyes and mouth are
judged by the horizontal edges there: they fall behind dark glasses, masks and scarves. --fov is
the camera's horizontal field of view: with it, the angle of the face and its distance are told,
for eyes 63 mm apart.

Exit code 1: a picture could not be read, has no face, or its main face is not good enough.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--for",
        dest="purpose",
        choices=("enrolment", "probe"),
        default="enrolment",
        help="whose limits to apply (enrolment)",
    )
    parser.add_argument("--fov", type=float, metavar="DEGREES", help="1 to 179")
    parser.add_argument("--json", action="store_true", help="one JSON object a picture")
    add_engine_arguments(parser)


def _run(options: Namespace) -> int:
    from recognition.pipeline import analyse_files

    if options.fov is not None and not 1.0 <= options.fov <= 179.0:
        complain(f"--fov is {options.fov:g}; 1 to 179 degrees are possible.")
        return 2
    floors = ENROLMENT_FLOORS if options.purpose == "enrolment" else PROBE_FLOORS
    exit_code = 0
    for path, answer in analyse_files(open_engine(options), options.files):
        if isinstance(answer, RecognitionError):
            exit_code = 1
            if options.json:
                print_json({"file": str(path), "error": answer.code, "message": answer.message})
            else:
                complain(f"{path}: {answer.message}")
            continue
        faces = answer.faces
        if not faces or quality_issues(faces[0].quality, floors):
            exit_code = 1
        if options.json:
            described = [_fields(face, floors, answer, options.fov) for face in faces]
            print_json({"file": str(path), "faces": described})
        else:
            _print_faces(path, answer, floors, options.fov)
    return exit_code


def _fields(
    face: Face, floors: QualityFloors, analysis: ImageAnalysis, fov: float | None
) -> dict[str, Any]:
    issues = quality_issues(face.quality, floors)
    return {
        "box": asdict(face.detection.box),
        "issues": {issue: describe_issue(issue, face.quality, floors) for issue in issues},
        "components": [asdict(verdict) for verdict in assess(face.quality, floors)],
        **({} if fov is None else {"size": _size(face, analysis, fov)}),
    }


def _size(face: Face, analysis: ImageAnalysis, fov: float) -> dict[str, float] | None:
    from recognition.quality import measure_size

    try:
        size = measure_size(
            face.detection, picture_width_px=analysis.width_px, horizontal_fov_degrees=fov
        )
    except ValueError:  # landmarks that are no face's
        return None
    return asdict(size)


def _print_faces(
    path: Path, analysis: ImageAnalysis, floors: QualityFloors, fov: float | None
) -> None:
    if not analysis.faces:
        print(f"{path}: no face was found")
    for number, face in enumerate(analysis.faces, start=1):
        box = face.detection.box
        print(f"{path}, face {number} of {len(analysis.faces)}, at {box.x:.0f}, {box.y:.0f}:")
        print_table(
            ("component", "value", "unit", "limit", "verdict", "ISO/IEC 29794-5"),
            [
                (v.component, f"{v.value:.2f}", v.unit, v.limit, v.verdict, v.iso_name)
                for v in assess(face.quality, floors)
            ],
        )
        if fov is not None and (size := _size(face, analysis, fov)):
            print(
                f"The face is {size['width_px']:.0f} px wide, {size['angle_degrees']:.1f}° of the "
                f"camera's view, about {size['distance_m']:.1f} m away."
            )
        for issue in quality_issues(face.quality, floors):
            print(describe_issue(issue, face.quality, floors))
        print()


COMMAND = Command(
    "quality",
    "measure the faces in pictures, component by component",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
