"""``evaluate invariance``: what vectors bear when pictures are shifted, turned, scaled, compressed."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
from numpy.typing import NDArray

from recognition.cli._arguments import at_least
from recognition.cli._command import Command
from recognition.cli._evaluate_report import Answer, plot_path, print_answer
from recognition.cli._evaluate_vectors import (
    VectorSource,
    add_output_arguments,
    add_picture_arguments,
    recipe_of,
)
from recognition.cli._progress import with_progress
from recognition.contracts import Picture, Vectors
from recognition.errors import ImageRejected, RecognitionError
from recognition.evaluation.invariance import (
    SWEEPS,
    SweepKind,
    SweepPoint,
    similarities,
    summarise,
    transformed,
)
from recognition.evaluation.report import Measure, percent
from recognition.evaluation.verification import best_accuracy, roc_curve

if TYPE_CHECKING:
    from recognition.evaluation.subjects import Recipe

__all__ = ["INVARIANCE"]

_UNITS: dict[SweepKind, str] = {
    "shift_x": "shift to the right, px",
    "shift_y": "shift down, px",
    "rotation": "rotation, degrees against the clock",
    "scale": "scale",
    "jpeg": "JPEG quality",
    "pixels": "pixels that the picture was shrunk to",
}
_DESCRIPTION = """\
Change pictures on purpose and see how far their vectors move.

  python -m recognition evaluate invariance --images faces --limit 20
  python -m recognition evaluate invariance --images lfw/images --pairs lfw/pairs.txt --stage crop

The steps are FaceNet's: shifts of up to 30 px and turns of up to 30 degrees by 3, scales from 0.5
to 1.5 by 0.05, JPEG quality 10 to 90, and 1,600 to 65,536 pixels.

--stage picture  the whole engine sees the changed picture: detection and alignment take most
                 shifts, turns and scales away again (default)
--stage crop     the aligned crop of 112x112 is changed: what the network itself bears

Per step: the mean cosine to the vector of the untouched picture (1: not moved), its lowest 5 %, and
how many pictures still show a face. With --pairs the second picture of each pair is changed, and
the accuracy at the threshold that was best for the untouched is printed, too.
"""


@dataclass(frozen=True, slots=True, eq=False)
class _Base:
    """The pictures to change, with their untouched vectors, and their partners where there are."""

    pictures: list[Picture]
    vectors: Vectors
    partners: Vectors | None
    is_same: NDArray[np.bool_] | None


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="with a folder per person"
    )
    parser.add_argument("--pairs", type=Path, metavar="FILE", help="pairs.txt, for the accuracy")
    parser.add_argument(
        "--limit",
        type=at_least(1),
        default=50,
        help="so many pictures or pairs, evenly taken (default 50)",
    )
    parser.add_argument("--stage", choices=("picture", "crop"), default="picture")
    parser.add_argument(
        "--sweep", nargs="+", choices=get_args(SweepKind), default=list(SWEEPS), help="default: all"
    )
    add_picture_arguments(parser)
    parser.add_argument("--flip", choices=("sum", "none"), default="none", help="default none")
    add_output_arguments(parser, bootstrap=False)


def _run(options: Namespace) -> int:
    source = VectorSource(options)
    recipe = recipe_of(options, flip=options.flip)
    base, recipe, left_out = _base(source, recipe, options)
    threshold = None
    if base.partners is not None and base.is_same is not None:
        scores = (base.partners * base.vectors).sum(axis=1)
        accuracy, threshold = best_accuracy(roc_curve(scores, base.is_same))
    steps = [(kind, value) for kind in options.sweep for value in SWEEPS[kind]]
    points = [
        _point(source, recipe=recipe, base=base, kind=kind, value=value, threshold=threshold)
        for kind, value in with_progress(steps, total=len(steps), label="steps")
    ]
    rows = [
        Measure(
            f"{point.kind} {point.value:g}", point.mean, None, point.found,
            "; ".join(
                filter(
                    None,
                    [
                        "" if point.low is None else f"lowest 5 %: {point.low:.3f}",
                        f"no face in {point.pictures - point.found}"
                        if point.found < point.pictures else "",
                        "" if point.accuracy is None else f"accuracy {percent(point.accuracy)}",
                    ],
                )
            ),
            is_share=False,
        )
        for point in points
    ]  # fmt: skip
    notes = [
        (
            f"Mean cosine to the untouched picture's vector; the {options.stage} is changed. Mirror "
            f"image: {options.flip}."
        ),
        f"{left_out:,} pictures are no pictures or show no face even untouched, and are left out.",
    ]
    if threshold is not None:
        notes.append(
            f"Untouched, {percent(accuracy)} of the pairs are judged right at {threshold:.4f}, "
            "chosen on these pairs."
        )
    answer = Answer(
        "invariance",
        rows,
        notes,
        {"pictures": len(base.pictures), "steps": len(points), "left out": left_out},
        source.description(),
        {},
        {"points": points, "stage": options.stage},
        [] if options.plots is None else _draw(points, options),
    )
    return print_answer(answer, options)


def _base(source: VectorSource, recipe: Recipe, options: Namespace) -> tuple[_Base, Recipe, int]:
    """Read, and for ``--stage crop`` cut, the pictures; those without a face are left out."""
    first, second, is_same = _chosen(options)
    is_cut_here = options.stage == "crop" and not recipe.is_aligned
    changed = replace(recipe, is_aligned=True) if is_cut_here else recipe
    read = [_decoded(path) for path in second]
    if is_cut_here:
        read = [None if p is None else _crop(source, p, recipe) for p in read]
    pictures = [picture for picture in read if picture is not None]
    if not pictures:
        raise RecognitionError("No picture shows a face to begin with.", code="input.empty")
    found = source.as_compared(source.of_contents(pictures, recipe=changed))
    keep = np.array([picture is not None for picture in read])
    keep[np.flatnonzero(keep)[~found.is_found]] = False
    vectors = found.vectors[found.is_found]
    pictures = [p for p, is_found in zip(pictures, found.is_found, strict=True) if is_found]
    if first is None or is_same is None:
        return _Base(pictures, vectors, None, None), changed, int((~keep).sum())
    partners = source.as_compared(
        source.of_files({str(path): path for path in first}, recipe=recipe)
    )
    row_of = {str(path): row for row, path in enumerate(dict.fromkeys(first))}
    rows = np.array([row_of[str(path)] for path in first])
    both = keep & partners.is_found[rows]
    inside = both[keep]
    return (
        _Base(
            [p for p, is_used in zip(pictures, inside, strict=True) if is_used],
            vectors[inside],
            partners.vectors[rows[both]],
            is_same[both],
        ),
        changed,
        int((~both).sum()),
    )


def _chosen(
    options: Namespace,
) -> tuple[list[Path] | None, list[Path], NDArray[np.bool_] | None]:
    from recognition.datasets.folders import list_pictures
    from recognition.datasets.pairs import locate_pairs, read_pairs

    if options.pairs is None:
        files = list_pictures(options.images)
        return None, [files[row] for row in _evenly(np.arange(len(files)), options.limit)], None
    located = locate_pairs(read_pairs(options.pairs), root=options.images)
    is_same = np.array([pair.is_same for pair in located.pairs])
    half = max(options.limit // 2, 1)
    rows = [
        *_evenly(np.flatnonzero(is_same), half),
        *_evenly(np.flatnonzero(~is_same), half),
    ]
    return (
        [located.first[row] for row in rows],
        [located.second[row] for row in rows],
        is_same[rows],
    )


def _evenly(rows: NDArray[np.int64], count: int) -> list[int]:
    if len(rows) <= count:
        return [int(row) for row in rows]
    return [int(row) for row in rows[np.linspace(0, len(rows) - 1, count).round().astype(int)]]


def _decoded(path: Path) -> Picture | None:
    from recognition.images import decode_image

    try:
        return decode_image(path.read_bytes()).picture
    except OSError as error:
        raise RecognitionError(f"{path} cannot be read: {error.strerror}.") from error
    except ImageRejected:
        return None


def _crop(source: VectorSource, picture: Picture, recipe: Recipe) -> Picture | None:
    from recognition.evaluation.subjects import central_face, check_sees_aligned

    check_sees_aligned(source.engine(recipe.flip))
    (analysis,) = source.engine(recipe.flip).analyse_pictures([picture])
    if not analysis.faces:
        return None
    return (analysis.faces[0] if recipe.choose == "main" else central_face(analysis)).aligned


def _point(
    source: VectorSource,
    *,
    recipe: Recipe,
    base: _Base,
    kind: SweepKind,
    value: float,
    threshold: float | None,
) -> SweepPoint:
    changed = [transformed(picture, kind=kind, value=value) for picture in base.pictures]
    vectors = source.as_compared(source.of_changed(changed, recipe=recipe)).vectors
    accuracy = None
    if threshold is not None and base.partners is not None and base.is_same is not None:
        is_match = (base.partners * vectors).sum(axis=1) >= threshold
        accuracy = float((is_match == base.is_same).mean())
    return summarise(similarities(base.vectors, vectors), kind=kind, value=value, accuracy=accuracy)


def _draw(points: list[SweepPoint], options: Namespace) -> list[Path]:
    from recognition.evaluation import plots

    paths = []
    for kind in options.sweep:
        own = [point for point in points if point.kind == kind]
        worst = min(own, key=lambda point: -2.0 if point.mean is None else point.mean)
        shown = "no face" if worst.mean is None else f"{worst.mean:.2f}"
        paths.append(plot_path(options, f"invariance_{kind}"))
        plots.save_sweep(
            paths[-1], own, unit=_UNITS[kind],
            title=f"Likeness falls to {shown} at {worst.value:g} ({_UNITS[kind]})",
        )  # fmt: skip
    return paths


INVARIANCE = Command(
    "invariance", "shift, rotation, scale, JPEG quality, pixels", _DESCRIPTION,
    _add_arguments, _run,
)  # fmt: skip
