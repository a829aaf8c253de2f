"""``compare``: how alike the main faces of pictures are, each with each."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.cli._arguments import add_profile_argument, cosine
from recognition.cli._command import Command
from recognition.cli._engine import add_engine_arguments, open_engine
from recognition.cli._faces import pictures_with_faces, report_problems, usable_threshold
from recognition.cli._output import print_json, print_table
from recognition.config import DEFAULT_MODEL
from recognition.contracts import Face, Vectors
from recognition.decision.comparison import (
    PROFILES,
    FalseMatchRate,
    Verification,
    cosine_matrix,
    distance_matrix,
    false_match_rate,
    verify,
)
from recognition.decision.prior import VERIFICATION_CURVE
from recognition.errors import RecognitionError
from recognition.geometry.centring import centred

__all__ = ["COMMAND"]

_MATRIX_UP_TO = 16  # columns of 8 characters that a terminal still shows in one line
_DESCRIPTION = f"""\
Compare the main face (large and central) of each picture with that of every other.

  python -m recognition compare passport.jpg selfie.jpg
  python -m recognition compare album/*.jpg --profile non-cooperative --json

Prints two matrices: the Euclidean distance of the unit vectors (0 the very same picture, about 1.4
for strangers) and the cosine similarity (1 the same, about 0 for strangers); distance² = 2 - 2
cosine. Then a verdict for each pair: "same" from the threshold on, "different" below it, "poor"
where a face is too bad to be judged. Of more than {_MATRIX_UP_TO} pictures only the pairs that
reach the threshold are listed, the most similar first.

The threshold follows from the share of strangers who would be called the same (FMR), and that from
the profile; the last line says both. A picture without a face is named and left out: exit code 1.
The verdicts do not change the exit code.
"""

Matrix = NDArray[np.float64]
Judged = list[tuple[int, int, Verification]]


def _add_arguments(parser: ArgumentParser) -> None:
    add_engine_arguments(parser)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    add_profile_argument(parser)
    parser.add_argument("--threshold", type=cosine, help="a cosine in place of the profile's")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _run(options: Namespace) -> int:
    engine = open_engine(options)
    profile = PROFILES[options.profile]
    limit = usable_threshold(
        engine.space, options.threshold, default=profile.verification_threshold()
    )
    paths: list[Path] = []
    faces: list[Face] = []
    problems: dict[Path, str] = {}
    for path, analysis in pictures_with_faces(engine, options.files, problems=problems):
        paths.append(path)
        faces.append(analysis.faces[0])
    if len(faces) < 2:
        report_problems(problems)
        raise RecognitionError(
            f"Of {len(options.files)} pictures {len(faces)} show a face; to compare, two are needed.",
            code="input.empty",
        )
    vectors = centred(np.stack([face.embedding for face in faces]), mean=engine.site_mean())
    judged = [
        (
            a,
            b,
            verify(
                score,
                qualities=(faces[a].quality, faces[b].quality),
                profile=profile,
                threshold=limit,
            ),
        )
        for a, b, score in _pairs(vectors, limit)
    ]
    rate = _rate(limit) if engine.space.model_id == DEFAULT_MODEL else None
    matrices = (
        {"distance": distance_matrix(vectors), "cosine": cosine_matrix(vectors)}
        if len(paths) <= _MATRIX_UP_TO
        else {}
    )
    if options.json:
        print_json(
            {
                "files": [str(path) for path in paths],
                "problems": {str(path): message for path, message in problems.items()},
                **{name: matrix.tolist() for name, matrix in matrices.items()},
                "pairs": [{"a": a, "b": b, **asdict(verdict)} for a, b, verdict in judged],
                "profile": profile.name,
                "threshold": limit,
                "fmr": asdict(rate) if rate else None,
            }
        )
        return 1 if problems else 0
    for name, matrix in matrices.items():
        _print_matrix(name, matrix, paths)
    _print_pairs(judged, paths)
    print(
        f"\nThe same from a cosine of {limit:.4f} on, a distance of {(2 - 2 * limit) ** 0.5:.4f} "
        f"(profile {profile.name}); share of strangers' pairs that reach it: {rate or 'unknown'}."
    )
    return report_problems(problems)


def _rate(limit: float) -> FalseMatchRate:
    return false_match_rate(limit, curve=VERIFICATION_CURVE)


def _pairs(vectors: Vectors, limit: float) -> Iterator[tuple[int, int, float]]:
    from recognition.index import all_pairs_above

    if len(vectors) <= _MATRIX_UP_TO:
        cosines = cosine_matrix(vectors)
        for a, b in combinations(range(len(vectors)), 2):
            yield a, b, float(cosines[a, b])
        return
    try:
        for pair in all_pairs_above(vectors, limit):
            yield pair.first, pair.second, pair.score
    except ValueError as error:
        raise RecognitionError(str(error), code="input.unsuitable") from error


def _print_matrix(name: str, matrix: Matrix, paths: Sequence[Path]) -> None:
    header = [name, "", *(str(column) for column in range(len(paths)))]
    rows = [
        [str(path), str(row), *(f"{value:.4f}" for value in matrix[row])]
        for row, path in enumerate(paths)
    ]
    print_table(header, rows)
    print()


def _print_pairs(judged: Judged, paths: Sequence[Path]) -> None:
    if not judged:
        print("No pair reaches the threshold.")
        return
    print_table(
        ("picture", "and", "verdict", "cosine", "distance", "because"),
        [
            (
                str(paths[a]),
                str(paths[b]),
                verdict.verdict,
                f"{verdict.cosine:.4f}",
                f"{verdict.distance:.4f}",
                ", ".join(issue.replace("_", " ") for issue in verdict.issues),
            )
            for a, b, verdict in judged
        ],
    )


COMMAND = Command(
    "compare",
    "are these the same person? a matrix and a verdict for each pair",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
