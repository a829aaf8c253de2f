"""``evaluate lfw`` and ``evaluate bin``: the ten-fold protocol on pairs of pictures."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from recognition.cli._arguments import at_least, share
from recognition.cli._command import Command
from recognition.cli._evaluate_report import Answer, failure_note, print_answer
from recognition.cli._evaluate_vectors import (
    EmbeddedPictures,
    VectorSource,
    add_output_arguments,
    add_picture_arguments,
    recipe_of,
)
from recognition.cli._evaluate_verification import (
    Draws,
    ScoredPairs,
    draw,
    verification_figures,
)
from recognition.evaluation.lfw import LfwResult, Metric, consecutive_folds, evaluate_lfw
from recognition.evaluation.report import Measure, percent

__all__ = ["BIN", "LFW"]

_FIGURES = """\
accuracy       share of pairs judged right; the threshold of each fold is chosen on the other nine
VAL at FAR     share of genuine pairs accepted by a threshold that lets that share of impostor pairs
               of the other folds through; beside it what it lets through on the fold itself
TMR at FMR     the same over all pairs at once: the highest share of genuine pairs accepted while at
               most that share of impostor pairs is
EER, AUC       where both errors are equal; the chance that a genuine pair scores higher
ECE            how far a probability made from the score is from the truth, on average

The intervals come from drawing people again, not pairs: pairs of one person are not independent.
A rate needs about 30 errors to be known well; with 3,000 impostor pairs FMR 0.001 hangs on three,
and the remark says so.
"""

_LFW_DESCRIPTION = f"""\
The LFW protocol: ten folds of genuine and impostor pairs from pairs.txt.

  python -m recognition evaluate lfw --images lfw/images --pairs lfw/pairs.txt
  python -m recognition evaluate lfw --images crops --pairs pairs.txt --aligned --plots curves

{_FIGURES}"""

_BIN_DESCRIPTION = f"""\
The same protocol on a verification set in one file: InsightFace's pickled .bin (lfw, cfp_fp,
agedb_30), read without running what is in it, or the safe container of `bin convert`.

  python -m recognition evaluate bin agedb_30.bin
  python -m recognition evaluate bin lfw.npz --no-aligned

The pictures are taken for aligned crops; --no-aligned detects faces in them first. A .bin has no
names: its intervals come from drawing pairs, and are too narrow.

{_FIGURES}"""


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Rows of the vectors for each pair, and what is known of it."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    is_same: NDArray[np.bool_]
    fold: NDArray[np.int64]
    first_names: Sequence[str]
    second_names: Sequence[str]
    skipped: int


def _add_lfw_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="with a folder per person"
    )
    parser.add_argument("--pairs", type=Path, required=True, metavar="FILE", help="pairs.txt")
    add_picture_arguments(parser)
    _add_protocol_arguments(parser)


def _add_bin_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("set", type=Path, metavar="FILE", help=".bin, or .npz of `bin convert`")
    parser.add_argument(
        "--folds", type=at_least(2), default=10, help="consecutive blocks (default 10)"
    )
    add_picture_arguments(parser, aligned=True)
    _add_protocol_arguments(parser)


def _add_protocol_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("protocol")
    group.add_argument(
        "--distance",
        type=int,
        choices=(0, 1),
        default=0,
        help="0: squared Euclidean (default); 1: angle divided by pi",
    )
    group.add_argument(
        "--flip",
        choices=("sum", "concat", "none"),
        default="sum",
        help="the mirror image: added (default, as people are enrolled), set beside it (FaceNet), "
        "or not used",
    )
    group.add_argument(
        "--subtract-mean",
        action="store_true",
        help="the mean vector of the other nine folds, from both vectors; matters with --distance 1",
    )
    group.add_argument(
        "--thresholds",
        choices=("grid", "exact"),
        default="grid",
        help="grid: 0 to 4 by 0.01, as published (default); exact: between any two distances",
    )
    group.add_argument(
        "--far", type=share, default=1e-3, help="of VAL, chosen on nine folds (default 0.001)"
    )
    group.add_argument(
        "--fmr",
        type=share,
        nargs="+",
        default=[1e-2, 1e-3],
        help="rates to print the TMR at (default 0.01 0.001)",
    )
    add_output_arguments(parser)


def _run_lfw(options: Namespace) -> int:
    from recognition.datasets.pairs import locate_pairs, read_pairs

    located = locate_pairs(read_pairs(options.pairs), root=options.images)
    files = {
        path.relative_to(options.images).as_posix(): path
        for path in sorted({*located.first, *located.second})
    }
    row_of = {path: row for row, path in enumerate(files.values())}
    source = VectorSource(options)
    recipe = recipe_of(options, flip=options.flip)
    embedded = source.as_compared(source.of_files(files, recipe=recipe))
    pairs = _Pairs(
        first=np.array([row_of[path] for path in located.first]),
        second=np.array([row_of[path] for path in located.second]),
        is_same=np.array([pair.is_same for pair in located.pairs]),
        fold=np.array([pair.fold for pair in located.pairs]),
        first_names=[pair.first_name for pair in located.pairs],
        second_names=[pair.second_name for pair in located.pairs],
        skipped=located.skipped,
    )
    return print_answer(_answer("lfw", pairs, embedded, source, options), options)


def _run_bin(options: Namespace) -> int:
    from recognition.datasets.bin import read_verification_set

    contents = read_verification_set(options.set)
    source = VectorSource(options)
    recipe = recipe_of(options, flip=options.flip)
    embedded = source.as_compared(source.of_contents(contents.pictures, recipe=recipe))
    rows = np.arange(len(contents.pictures))
    pairs = _Pairs(
        first=rows[::2],
        second=rows[1::2],
        is_same=np.array(contents.is_same),
        fold=consecutive_folds(len(contents.is_same), folds=options.folds),
        first_names=contents.names[::2],
        second_names=contents.names[1::2],
        skipped=0,
    )
    return print_answer(_answer("bin", pairs, embedded, source, options), options)


def _answer(
    protocol: str,
    pairs: _Pairs,
    embedded: EmbeddedPictures,
    source: VectorSource,
    options: Namespace,
    /,
) -> Answer:
    usable = embedded.is_found[pairs.first] & embedded.is_found[pairs.second]
    failed = int((~usable).sum())
    if options.failed == "skip":
        pairs, usable = _kept(pairs, usable), np.ones(int(usable.sum()), np.bool_)
    result = evaluate_lfw(
        embedded.vectors[pairs.first],
        embedded.vectors[pairs.second],
        is_same=pairs.is_same,
        fold=pairs.fold,
        metric=cast("Metric", options.distance),
        subtract_mean=options.subtract_mean,
        thresholds=options.thresholds,
        target_far=options.far,
        is_usable=usable,
    )
    scored = ScoredPairs(
        _as_cosines(result, options),
        pairs.is_same,
        pairs.fold,
        pairs.first_names,
        pairs.second_names,
    )
    draws = draw(scored, options)
    figures = verification_figures(
        scored, options=options, rates=options.fmr, draws=draws, name=protocol
    )
    return Answer(
        protocol,
        [*_fold_rows(result, pairs.is_same, draws), *figures.rows],
        _notes(pairs, len(embedded.problems), options),
        {
            "pictures": len(embedded.vectors),
            "genuine pairs": int(pairs.is_same.sum()),
            "impostor pairs": int((~pairs.is_same).sum()),
            "folds": len(result.accuracies),
            "pairs skipped for a missing file": pairs.skipped,
            "pairs with a picture that gave no vector": failed,
        },
        source.description(),
        embedded.problems,
        {
            "folds": {"accuracy": result.accuracies, "threshold": result.thresholds},
            **figures.details,
        },
        figures.plots,
    )


def _kept(pairs: _Pairs, usable: NDArray[np.bool_]) -> _Pairs:
    return replace(
        pairs,
        first=pairs.first[usable],
        second=pairs.second[usable],
        is_same=pairs.is_same[usable],
        fold=pairs.fold[usable],
        first_names=[name for name, keep in zip(pairs.first_names, usable, strict=False) if keep],
        second_names=[name for name, keep in zip(pairs.second_names, usable, strict=False) if keep],
    )


def _as_cosines(result: LfwResult, options: Namespace) -> NDArray[np.float64]:
    """The protocol's distances as similarities; cosines of unit vectors, whatever the metric."""
    if options.distance == 1:
        return np.cos(np.pi * result.distances)
    return 1.0 - result.distances / (4.0 if options.flip == "concat" else 2.0)


def _fold_rows(result: LfwResult, is_same: NDArray[np.bool_], draws: Draws | None) -> list[Measure]:
    pairs = len(result.distances)
    low, high = result.thresholds.min(), result.thresholds.max()
    right = accepted = None
    if draws is not None:
        right = draws.share_interval(result.is_right)
        accepted = draws.share_interval(result.is_accepted, among=is_same)
    return [
        Measure("accuracy", result.accuracy, right, pairs,
                f"± {percent(result.accuracy_std)} over the folds (standard error "
                f"{percent(result.accuracy_error)}), distances below {low:.2f} … {high:.2f}"),
        Measure(f"VAL at FAR {result.target_far:g}", result.val, accepted, int(is_same.sum()),
                f"± {percent(result.val_std)} over the folds, real FAR {percent(result.far)}"),
        Measure("EER of the mean ROC", result.eer, None, pairs),
        Measure("AUC of the mean ROC", result.auc, None, pairs, is_share=False),
    ]  # fmt: skip


def _notes(pairs: _Pairs, failed: int, options: Namespace) -> list[str]:
    face = (
        "Pictures are taken as aligned crops."
        if options.aligned
        else f"The {options.choose} face of each picture counts."
    )
    drawn = "people" if pairs.first_names else "pairs (the file names nobody)"
    notes = [f"{face} Mirror image: {options.flip}.", failure_note(options, failed, of="pairs")]
    if options.replicates > 0:
        notes.append(f"Intervals: {options.replicates:,} draws of {drawn}, seed {options.seed}.")
    if options.subtract_mean:
        notes.append(
            "Thresholds are of angles seen from the mean vector, not those of the product."
            if options.distance == 1
            else "Subtracting the mean changes no Euclidean distance; it matters with --distance 1."
        )
    return notes


LFW = Command(
    "lfw", "ten folds of pairs: accuracy, VAL at FAR, TMR at FMR", _LFW_DESCRIPTION,
    _add_lfw_arguments, _run_lfw,
)  # fmt: skip
BIN = Command(
    "bin", "the same on a verification set in one file", _BIN_DESCRIPTION,
    _add_bin_arguments, _run_bin,
)  # fmt: skip
