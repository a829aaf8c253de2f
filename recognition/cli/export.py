"""``export``: the vectors of a folder of people as numpy files, in FaceNet's layout."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.cli._command import Command
from recognition.cli._engine import add_engine_arguments, open_engine
from recognition.cli._faces import read_people, report_problems
from recognition.cli._writing import writing

__all__ = ["COMMAND"]

_DESCRIPTION = """\
Write one vector for the main face of each photo in PEOPLE/<name>/<photo>.

  python -m recognition export people/ vectors/

OUT then holds, a row a photo in the same order:
  embeddings.npy     (N, D) float32, unit length: the inner product is the cosine similarity
  labels.npy         (N,) int64, the person's number
  label_strings.npy  (N,) text, the person's name
  export.json        each row's file, the photos left out and why, and the embedding space: vectors
                     of two different spaces must never be compared
With --quantised codes.npy, (N, D) int8, a quarter of the bytes: a code times the "step" of
export.json is about the number; recognition.index.dequantise makes unit vectors of them again.
With --batch-represent the pair of that script as well: gallery.npy (names), signatures.npy
(vectors). No file needs pickle: numpy.load(path) reads them as they are.
The vectors are templates of people; guard them like the photos. Exit code 1: photos were left out.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    add_engine_arguments(parser)
    parser.add_argument("people", type=Path, metavar="PEOPLE")
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument(
        "--batch-represent", action="store_true", help="gallery.npy and signatures.npy too"
    )
    parser.add_argument("--quantised", action="store_true", help="codes.npy too, one byte a number")


def _run(options: Namespace) -> int:
    from recognition.index import quantisation_step, quantise

    engine = open_engine(options)
    people = read_people(engine, options.people)
    names = np.array(people.names, dtype=np.str_)
    arrays: dict[str, NDArray[Any]] = {
        "embeddings": people.vectors,
        "labels": np.unique(names, return_inverse=True)[1].astype(np.int64),
        "label_strings": names,
    }
    if options.batch_represent:
        arrays |= {"gallery": names, "signatures": people.vectors}
    if options.quantised:
        arrays["codes"] = quantise(people.vectors)
    described = {
        "space": {**asdict(engine.space), "id": engine.space.id},
        "step": quantisation_step(engine.space.dimension) if options.quantised else None,
        "files": [str(path) for path in people.files],
        "left_out": {str(path): message for path, message in people.problems.items()},
    }
    out: Path = options.out
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        for name, array in arrays.items():
            np.save(out / f"{name}.npy", array, allow_pickle=False)
        text = json.dumps(described, ensure_ascii=False, indent=1) + "\n"
        (out / "export.json").write_text(text, encoding="utf-8")
    print(
        f"{len(people.vectors):,} vectors of {len(set(people.names)):,} people are in {out}; "
        f"{len(people.problems):,} photos were left out."
    )
    return report_problems(people.problems)


COMMAND = Command(
    "export",
    "write a folder's vectors, labels and names as numpy files",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
