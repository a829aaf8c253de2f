"""``align``: a folder of pictures to a folder of face crops."""

from __future__ import annotations

import multiprocessing
import random
from argparse import ArgumentParser, Namespace
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from recognition.cli._command import Command
from recognition.cli._engine import add_engine_arguments, engine_config, open_detector
from recognition.cli._output import complain, print_json
from recognition.cli._progress import with_progress
from recognition.config import EngineConfig
from recognition.embedding_spec import MarginConvention

if TYPE_CHECKING:
    from recognition.alignment.folder import Totals
    from recognition.alignment.plan import Job, Recipe

__all__ = ["COMMAND"]

_DESCRIPTION = """\
Find the faces in every picture below INPUT and write one crop each, as PNG, into the same folders
below OUTPUT.

  python -m recognition align raw/ aligned/ --size 182 --margin 44
  python -m recognition align raw/ aligned/ --similarity --size 112 --faces all
  python -m recognition align lfw/ lfw110/ --size 110 --fallback centre-crop --centre-scale 0.87

A margin is counted either as FaceNet does, in pixels of the source (half on each side, clamped to
the picture, not made square: --size 160 --margin 32 for LFW, 182 and 44 for training), or as
facenet-pytorch does, in pixels of the output (its own models: --size 160 --margin 0, or 14). They
are not interchangeable. --similarity turns and scales the face instead, so that five points fit
the ArcFace template: what the shipped model and the ArcFace family want.

Stop it and start it again as you like: what is done stays done. --workers shares the work among
processes of this machine; further ones started by hand with the same OUTPUT share it as well, and
--random-order keeps them out of each other's way. OUTPUT/bounding_boxes.txt says for every crop
which pixels of its source it shows: path left top right bottom; only the path where no face was
found. For --similarity that is the detector's box.

Exit code 1: some pictures could not be read; they are named and were skipped.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("input", type=Path, metavar="INPUT")
    parser.add_argument("output", type=Path, metavar="OUTPUT")
    parser.add_argument("--size", type=int, help="of the crops; 182 px, 112 with --similarity")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--margin", type=float, default=44.0, help="in pixels (44)")
    how.add_argument("--similarity", action="store_true", help="five points to the template")
    how.add_argument(
        "--no-detection",
        action="store_true",
        help="the pictures are aligned already: take the middle of each",
    )
    parser.add_argument(
        "--margin-convention",
        choices=get_args(MarginConvention),
        default="facenet",
        help="pixels of the source or of the output (facenet)",
    )
    parser.add_argument(
        "--faces",
        choices=("central", "all", "largest", "probable"),
        default="central",
        help="which of several: large and central (default), all as NAME_0, NAME_1, …, the "
        "largest, or the detector's surest",
    )
    parser.add_argument(
        "--fallback",
        choices=("none", "centre-crop"),
        default="none",
        help="where no face is found: nothing, or the middle of the picture",
    )
    parser.add_argument(
        "--centre-scale", type=float, default=1.0, help="shrink the picture before its middle (1)"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes (1)")
    parser.add_argument("--random-order", action="store_true")
    parser.add_argument("--seed", type=int, help="of the random order")
    parser.add_argument("--json", action="store_true", help="print the totals as one JSON object")
    add_engine_arguments(parser)


def _run(options: Namespace) -> int:
    from recognition.alignment.folder import BOXES_FILE, merge_boxes, open_state
    from recognition.alignment.plan import list_jobs

    source, output = options.input.resolve(), options.output.resolve()
    problem = _wrong_usage(options, source, output)
    if problem:
        complain(problem)
        return 2
    try:
        recipe = _recipe(options)
        open_state(output, recipe)
    except ValueError as error:
        complain(str(error))
        return 2
    seed = None
    if options.random_order:
        seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
    jobs = list_jobs(source, order_seed=seed)
    if not jobs:
        complain(f"There is no picture below {source}.")
        return 1
    totals = _share(jobs, output, recipe, engine_config(options), workers=options.workers)
    lines = merge_boxes(output, jobs, recipe=recipe)
    unreadable = dict(totals.unreadable)
    for path, reason in sorted(unreadable.items()):
        complain(f"{path}: {reason}")
    figures = {
        "pictures": len(jobs),
        "aligned_now": totals.pictures - len(totals.unreadable),
        "faces": totals.faces,
        "without_face": totals.without_face,
        "middle_taken": totals.fallback,
        "unreadable": len(unreadable),
        "box_lines": lines,
    }
    if options.json:
        print_json(figures)
    else:
        print(
            f"{len(jobs):,} pictures, {figures['aligned_now']:,} of them aligned now: "
            f"{totals.faces:,} faces, {totals.without_face:,} without a face, "
            f"{totals.fallback:,} by their middle; {len(unreadable):,} unreadable.\n"
            f"{output / BOXES_FILE}: {lines:,} lines."
        )
    return 1 if unreadable else 0


def _wrong_usage(options: Namespace, source: Path, output: Path) -> str | None:
    if not source.is_dir():
        return f"{source} is no folder: give the folder that holds the pictures."
    if output.is_relative_to(source):
        return f"{output} lies within {source}: its crops would be aligned again. Choose another."
    if options.workers < 1:
        return f"--workers is {options.workers}; at least 1 is needed."
    return None


def _recipe(options: Namespace) -> Recipe:
    from recognition.alignment.plan import Recipe

    default = 112 if options.similarity else 182
    return Recipe(
        method="similarity"
        if options.similarity
        else ("centre" if options.no_detection else "margin"),
        size=options.size if options.size is not None else default,
        margin=options.margin,
        convention=options.margin_convention,
        faces=options.faces,
        fallback=options.fallback == "centre-crop",
        centre_scale=options.centre_scale,
    )


def _share(
    jobs: list[Job], output: Path, recipe: Recipe, config: EngineConfig, *, workers: int
) -> Totals:
    """Work through the jobs in this process and ``workers - 1`` others, each from elsewhere on."""
    if workers == 1:
        return _work(jobs, output, recipe, config, is_first=True)
    if config.threads == 0:
        config = replace(config, threads=1)
    # Not forked: the detector's runtime has threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers - 1, mp_context=context) as pool:
        others = []
        for number in range(1, workers):
            start = len(jobs) * number // workers
            others.append(pool.submit(_work, jobs[start:] + jobs[:start], output, recipe, config))
        totals = _work(jobs, output, recipe, config, is_first=True)
        for other in others:
            totals.add(other.result())
    return totals


def _work(
    jobs: list[Job], output: Path, recipe: Recipe, config: EngineConfig, *, is_first: bool = False
) -> Totals:
    from recognition.alignment.folder import align_folder

    detector = open_detector(config)
    todo = with_progress(jobs, total=len(jobs), label="align") if is_first else iter(jobs)
    return align_folder(todo, output, recipe=recipe, detect=detector.detect)


COMMAND = Command(
    "align",
    "cut the faces out of a folder of pictures",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
