"""``cluster``: group the faces of unnamed pictures by person, into folders."""

from __future__ import annotations

import csv
import shutil
from argparse import ArgumentParser, Namespace
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recognition.cli._arguments import at_least, cosine, share
from recognition.cli._command import Command
from recognition.cli._engine import add_engine_arguments, open_engine
from recognition.cli._faces import (
    find_pictures,
    pictures_with_faces,
    report_problems,
    usable_threshold,
)
from recognition.cli._output import print_json, print_table
from recognition.cli._writing import writing
from recognition.clustering import (
    METHODS,
    Clustering,
    cluster_vectors,
    pairwise_scores,
)
from recognition.contracts import Box, Face, Vectors
from recognition.decision import PROBE_FLOORS, quality_issues
from recognition.errors import RecognitionError
from recognition.geometry.centring import centred

if TYPE_CHECKING:
    from recognition.pipeline import Engine

__all__ = ["COMMAND"]

_DESCRIPTION = """\
Find all faces of the pictures and put those of one person into one folder.

  python -m recognition cluster album/ --out sorted/
  python -m recognition cluster album/ --out sorted/ --method dbscan --min-cluster-size 3

sorted/0 is the person seen most, sorted/1 the next; clusters.csv says which picture and box each
crop came from. Nobody is named, and somebody who looks very different may fill two folders.

chinese-whispers lets each face follow the majority of those it resembles; dbscan joins whoever is
linked by a chain of similar faces; agglomerative merges groups by their mean similarity and needs
8 N² bytes. --threshold is the cosine from which two faces resemble each other. It follows from
the number of faces: at the default, 1 face in 100 resembles a stranger. FaceNet's scripts use a
distance of 1.0 (a cosine of 0.5) and an inner product of 0.55; those hold for their network only.

With --truth the pictures' folders are taken for the names, and pairwise precision (share of pairs
put together that belong together), recall and the adjusted Rand index (1 perfect, 0 chance) are
printed; then every face of a picture counts as its folder's person, so use portraits.
Exit code 1: pictures were left out, or no face was found.
"""


@dataclass(frozen=True, slots=True, eq=False)
class _Collected:
    """One row a face; its crop waits as a file under the row's number."""

    paths: list[Path]
    boxes: list[Box]
    vectors: Vectors
    problems: dict[Path, str]
    poor: int


def _add_arguments(parser: ArgumentParser) -> None:
    add_engine_arguments(parser)
    parser.add_argument("inputs", nargs="+", type=Path, metavar="FILE_OR_FOLDER")
    parser.add_argument("--out", type=Path, required=True, help="a new or empty folder")
    parser.add_argument("--method", choices=METHODS, default="chinese-whispers")
    parser.add_argument("--threshold", type=cosine, help="cosine; default by number of faces")
    parser.add_argument(
        "--min-samples", type=at_least(1), default=1, help="dbscan: neighbours of a core face"
    )
    parser.add_argument("--min-cluster-size", type=at_least(1), default=1, help="drop smaller ones")
    parser.add_argument("--largest-cluster-only", action="store_true")
    parser.add_argument(
        "--min-score", type=share, default=0.0, help="least detector's score; FaceNet's: 0.95"
    )
    parser.add_argument("--seed", type=at_least(0), default=666, help="chinese-whispers' order")
    parser.add_argument("--truth", action="store_true", help="score against the folders' names")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _run(options: Namespace) -> int:
    out: Path = options.out
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RecognitionError(
            f"{out} is not an empty folder; two runs in one would be mixed up. Name a new one.",
            code="output.not_empty",
        )
    files = find_pictures(options.inputs)
    engine = open_engine(options)
    usable_threshold(engine.space, options.threshold, default=0.0)  # refuses before the long work
    waiting = out / ".faces"
    with writing(out):
        waiting.mkdir(parents=True)
    try:
        faces = _collect(engine, files, waiting, min_score=options.min_score)
        if not faces.paths:
            report_problems(faces.problems)
            raise RecognitionError(
                f"No usable face was found in {len(files):,} pictures.", code="input.empty"
            )
        found = _cluster(centred(faces.vectors, mean=engine.site_mean(faces.vectors)), options)
        kept = int((found.sizes >= options.min_cluster_size).sum())
        kept = min(kept, 1) if options.largest_cluster_only else kept
        with writing(out):
            _write(out, waiting, faces, found, kept)
    finally:
        shutil.rmtree(waiting)
    truth = [path.parent.name for path in faces.paths]
    scores = pairwise_scores(truth, found.labels) if options.truth else None
    if options.json:
        print_json(
            {
                "faces": len(faces.paths),
                "poor_faces_left_out": faces.poor,
                "clusters": len(found.sizes),
                "sizes_written": found.sizes[:kept].tolist(),
                "method": options.method,
                "threshold": found.threshold,
                "scores": asdict(scores) if scores else None,
                "problems": {str(path): message for path, message in faces.problems.items()},
            }
        )
        return 1 if faces.problems else 0
    print_table(
        ("folder", "faces"),
        [(str(out / str(number)), str(size)) for number, size in enumerate(found.sizes[:kept])],
    )
    print(
        f"{len(faces.paths):,} faces make {len(found.sizes):,} clusters by {options.method} at a "
        f"cosine of {found.threshold:.4f}; {kept:,} were written. {faces.poor:,} faces were too poor."
    )
    if scores:
        print(
            f"Pairwise precision {scores.precision:.4f}, recall {scores.recall:.4f}, F "
            f"{scores.f_score:.4f}; adjusted Rand index {scores.adjusted_rand:.4f}."
        )
    return report_problems(faces.problems)


def _cluster(vectors: Vectors, options: Namespace) -> Clustering:
    try:
        return cluster_vectors(
            vectors,
            method=options.method,
            threshold=options.threshold,
            min_samples=options.min_samples,
            seed=options.seed,
        )
    except ValueError as error:
        raise RecognitionError(str(error), code="input.unsuitable") from error


def _collect(engine: Engine, files: list[Path], waiting: Path, *, min_score: float) -> _Collected:
    """Every good face; its crop goes to disk at once, so that memory holds vectors only."""
    from PIL import Image

    paths: list[Path] = []
    boxes: list[Box] = []
    vectors: list[Vectors] = []
    problems: dict[Path, str] = {}
    poor = 0
    for path, analysis in pictures_with_faces(engine, files, problems=problems):
        for face in analysis.faces:
            if not _is_good(face, min_score):
                poor += 1
                continue
            Image.fromarray(face.portrait).save(waiting / f"{len(paths)}.png")
            paths.append(path)
            boxes.append(face.detection.box)
            vectors.append(face.embedding)
    stacked = np.stack(vectors) if vectors else np.empty((0, 0), dtype=np.float32)
    return _Collected(paths, boxes, stacked, problems, poor)


def _is_good(face: Face, min_score: float) -> bool:
    return face.detection.score >= min_score and not quality_issues(face.quality, PROBE_FLOORS)


def _write(out: Path, waiting: Path, faces: _Collected, found: Clustering, kept: int) -> None:
    with (out / "clusters.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("crop", "picture", "x_px", "y_px", "width_px", "height_px"))
        for cluster in range(kept):
            folder = out / str(cluster)
            folder.mkdir()
            for number, row in enumerate(found.members(cluster).tolist()):
                crop = (waiting / f"{row}.png").replace(folder / f"{number}.png")
                box = faces.boxes[row]
                place = (round(side) for side in (box.x, box.y, box.width, box.height))
                rows.writerow((crop.relative_to(out), faces.paths[row], *place))


COMMAND = Command(
    "cluster",
    "group unnamed faces by person, into folders",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
