"""``evaluate openset``: who is found, and how many strangers are named, in a gallery."""

from __future__ import annotations

from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recognition.cli._arguments import cosine, share
from recognition.cli._command import Command
from recognition.cli._evaluate_report import Answer, failure_note, plot_path, print_answer
from recognition.cli._evaluate_vectors import (
    EmbeddedPictures,
    VectorSource,
    add_output_arguments,
    add_picture_arguments,
    recipe_of,
)
from recognition.config import DEFAULT_MODEL
from recognition.contracts import Vectors
from recognition.decision import estimate_threshold
from recognition.evaluation.bootstrap import (
    Interval,
    bootstrap_points,
    bootstrap_share,
    draw_people,
)
from recognition.evaluation.identification import (
    IdentificationPoint,
    Searches,
    cumulative_match,
    identification_curve,
    point_at_fpir,
    point_at_threshold,
    search_gallery,
)
from recognition.evaluation.report import Measure, percent, thinned

if TYPE_CHECKING:
    from recognition.datasets.openset import OpenSet

__all__ = ["OPENSET"]

_RANKS = 20
_DESCRIPTION = """\
The open-set protocol: people are enrolled, other pictures of them are looked for, and strangers try.

  python -m recognition evaluate openset --manifest lfw_small/manifest.json
  python -m recognition evaluate openset --manifest lfw/openset_1.json --leave-out lfw/label_conflicts.txt

The manifest is a JSON list of {"file", "identity", "role"}; roles are enroll, probe and unknown.
Files lie beside the manifest, or below --images.

FNIR      share of searches for somebody enrolled that do not name them first at the threshold
FPIR      share of strangers who are named as somebody; it grows with the gallery, so a figure
          without the number of people enrolled says nothing
rank-1    share of searches with the right person first, whatever the score
shipped   what the built-in threshold for so large a gallery does here; it was not chosen on these
          strangers, the others were (the lowest threshold that keeps to the FPIR)

The intervals come from drawing people again, with the gallery as it is; those at an FPIR choose a
new threshold in every draw. An FPIR needs about 30 strangers named to be known well; the remark
says where there are fewer.
"""


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """Searches with the people behind them, and what was left out."""

    searches: Searches
    probe_people: list[str]
    stranger_people: list[str]
    not_enrolled: int
    problems: dict[str, str]
    skipped: int


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--manifest", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--images", type=Path, metavar="DIR", help="root of its paths (default: its own folder)"
    )
    parser.add_argument(
        "--leave-out", type=Path, metavar="FILE", help="identities to leave out, first on each line"
    )
    add_picture_arguments(parser, has_site=True)
    group = parser.add_argument_group("protocol")
    group.add_argument(
        "--gallery-flip",
        action=BooleanOptionalAction,
        default=True,
        help="add the mirror image of enrolled pictures (default: yes, as the product does)",
    )
    group.add_argument(
        "--probe-flip",
        action=BooleanOptionalAction,
        default=False,
        help="add the mirror image of searched pictures (default: no, as the product does)",
    )
    group.add_argument(
        "--fpir",
        type=share,
        nargs="+",
        default=[0.003, 0.01],
        help="rates to print the FNIR at (default 0.003 0.01)",
    )
    group.add_argument(
        "--threshold", type=cosine, nargs="+", default=[], help="cosines to print both errors at"
    )
    add_output_arguments(parser)


def _run(options: Namespace) -> int:
    from recognition.datasets.openset import read_leave_out, read_open_set

    left_out = frozenset() if options.leave_out is None else read_leave_out(options.leave_out)
    manifest = read_open_set(options.manifest, root=options.images, leave_out=left_out)
    source = VectorSource(options)
    run = _searched(manifest, source, options)
    figures, points = _figures(run, options)
    curve = identification_curve(run.searches)
    fpir, fnir, thresholds = thinned(curve.fmr, curve.fnmr, curve.thresholds)
    cmc = cumulative_match(run.searches, ranks=_RANKS)
    mated, strangers = len(run.searches.right_scores), len(run.searches.stranger_scores)
    answer = Answer(
        "openset",
        figures,
        _notes(run, options),
        {
            "people enrolled": run.searches.gallery,
            "searches for them": mated,
            "strangers' searches": strangers,
            "comparisons": run.searches.comparisons,
            "of strangers": strangers * run.searches.gallery,
            "pictures left out by name": manifest.left_out,
            "people who could not be enrolled": run.not_enrolled,
        },
        source.description(),
        run.problems,
        {
            "points": points,
            "curve": {"fpir": fpir, "fnir": fnir, "threshold": thresholds},
            "cmc": cmc,
        },
        [] if options.plots is None else _draw(run.searches, points, options),
    )
    return print_answer(answer, options)


def _searched(manifest: OpenSet, source: VectorSource, options: Namespace) -> _Run:
    enrolled, probes, unknown = (manifest.of(role) for role in ("enroll", "probe", "unknown"))
    gallery_recipe = recipe_of(options, flip="sum" if options.gallery_flip else "none")
    probe_recipe = recipe_of(options, flip="sum" if options.probe_flip else "none")
    gallery = source.of_files({e.key: e.path for e in enrolled}, recipe=gallery_recipe)
    searched = source.of_files({e.key: e.path for e in (*probes, *unknown)}, recipe=probe_recipe)
    names, plain = _templates([entry.identity for entry in enrolled], gallery)
    searched = source.as_compared(searched, templates=plain)
    everyone = EmbeddedPictures(plain, np.ones(len(plain), np.bool_), {})
    templates = source.as_compared(everyone, templates=plain).vectors
    people = {entry.identity for entry in enrolled}
    mine, theirs = slice(len(probes)), slice(len(probes), None)
    is_probe = np.ones(len(probes), np.bool_)
    is_stranger = np.ones(len(unknown), np.bool_)
    if options.failed == "skip":
        can_be_found = np.array([entry.identity in set(names) for entry in probes])
        is_probe, is_stranger = searched.is_found[mine] & can_be_found, searched.is_found[theirs]
    probe_people = [e.identity for e, keep in zip(probes, is_probe, strict=True) if keep]
    searches = search_gallery(
        templates,
        gallery_ids=names,
        probes=searched.vectors[mine][is_probe],
        probe_ids=probe_people,
        strangers=searched.vectors[theirs][is_stranger],
    )
    return _Run(
        searches,
        probe_people,
        [e.identity for e, keep in zip(unknown, is_stranger, strict=True) if keep],
        len(people) - len(names),
        {**gallery.problems, **searched.problems},
        int((~is_probe).sum() + (~is_stranger).sum()),
    )


def _templates(owners: list[str], pictures: EmbeddedPictures) -> tuple[list[str], Vectors]:
    """One fused vector for everybody who has a picture with a face, by name."""
    from recognition.index import fuse_templates

    rows: defaultdict[str, list[int]] = defaultdict(list)
    for row, owner in enumerate(owners):
        if pictures.is_found[row]:
            rows[owner].append(row)
    names = sorted(rows)
    return names, np.stack([fuse_templates(pictures.vectors[rows[name]]) for name in names])


def _figures(run: _Run, options: Namespace) -> tuple[list[Measure], list[IdentificationPoint]]:
    searches = run.searches
    mated, strangers = len(searches.right_scores), len(searches.stranger_scores)
    weights = _weights(run, options)
    people = len(set(run.probe_people))

    def of_mated(is_true: NDArray[np.bool_]) -> Interval | None:
        if weights is None:
            return None
        return bootstrap_share(is_true, weights[:, :mated], people=people)

    def of_strangers(is_true: NDArray[np.bool_]) -> Interval | None:
        if weights is None:
            return None
        unseen = len(set(run.stranger_people))
        return bootstrap_share(is_true, weights[:, mated:], people=unseen)

    rows = [
        Measure(
            f"rank-{rank}",
            float((searches.ranks <= rank).mean()),
            of_mated(searches.ranks <= rank),
            mated,
        )
        for rank in (1, 5)
    ]
    tuned = [point_at_fpir(searches, fpir=rate) for rate in options.fpir]
    intervals: list[tuple[Interval, Interval]] | list[tuple[None, None]] = [(None, None)] * len(
        tuned
    )
    first = np.where(searches.ranks == 1, searches.right_scores, -np.inf)
    if weights is not None:
        scores = np.concatenate([first, searches.stranger_scores])
        is_genuine = np.arange(len(scores)) < mated
        intervals = bootstrap_points(
            scores,
            is_genuine=is_genuine,
            weights=weights,
            rates=options.fpir,
            people=people,
        )
    for point, (tpir, threshold) in zip(tuned, intervals, strict=True):
        fnir = None if tpir is None else Interval(1 - tpir.high, 1 - tpir.low, tpir.confidence)
        label = f"FPIR {point.target_fpir:g}"
        rows += [
            Measure(f"FNIR at {label}", point.fnir, fnir, mated, _remark(point)),
            Measure(f"threshold at {label}", point.threshold, threshold, strangers, "cosine",
                    is_share=False),
        ]  # fmt: skip
    fixed = [(f"{threshold:.4f}", threshold) for threshold in options.threshold]
    if options.model == DEFAULT_MODEL:
        shipped = {
            rate: estimate_threshold(searches.gallery, fpir=rate).threshold for rate in options.fpir
        }
        fixed += [(f"shipped {cut:.4f} ({rate:g})", cut) for rate, cut in shipped.items()]
    given = []
    for label, threshold in fixed:
        point = point_at_threshold(searches, threshold)
        given.append(point)
        rows += [
            Measure(f"FNIR at {label}", point.fnir, of_mated(first < threshold), mated,
                    _remark(point)),
            Measure(f"FPIR at {label}", point.fpir,
                    of_strangers(searches.stranger_scores >= threshold), strangers),
        ]  # fmt: skip
    return rows, [*tuned, *given]


def _weights(run: _Run, options: Namespace) -> NDArray[np.int64] | None:
    """Enrolled people and strangers are drawn apart: there are as many of each as there are."""
    if options.replicates < 1:
        return None
    parts = []
    for offset, people in enumerate((run.probe_people, run.stranger_people)):
        names, codes = np.unique(people, return_inverse=True)
        drawn = draw_people(len(names), replicates=options.replicates, seed=options.seed + offset)
        parts.append(drawn[:, codes])
    return np.concatenate(parts, axis=1)


def _remark(point: IdentificationPoint) -> str:
    found = (
        f"{point.missed:,} missed, {point.misnamed:,} of them named as somebody else; "
        f"{point.named_strangers:,} of {point.strangers:,} strangers named"
    )
    return "; ".join(filter(None, [found, point.note]))


def _notes(run: _Run, options: Namespace) -> list[str]:
    face = (
        "Pictures are taken as aligned crops."
        if options.aligned
        else f"The {options.choose} face of each picture counts."
    )
    flips = {True: "with", False: "without"}
    notes = [
        (
            f"{face} Gallery {flips[options.gallery_flip]}, searches {flips[options.probe_flip]} the "
            "mirror image; several pictures of a person are fused into one vector."
        ),
        failure_note(options, len(run.problems), of="searches"),
    ]
    if run.skipped:
        notes.append(f"{run.skipped:,} searches are left out for that.")
    if options.replicates > 0:
        notes.append(f"Intervals: {options.replicates:,} draws of people, seed {options.seed}.")
    if options.leave_out is None:
        notes.append("Nobody was left out; a label that is wrong counts as an error (--leave-out).")
    return notes


def _draw(searches: Searches, points: list[IdentificationPoint], options: Namespace) -> list[Path]:
    from recognition.evaluation import plots

    point = points[min(len(options.fpir), len(points)) - 1]
    paths = [plot_path(options, f"openset_{kind}") for kind in ("fnir_fpir", "cmc", "scores")]
    plots.save_dir(
        paths[0], identification_curve(searches),
        title=f"{percent(point.fnir)} of {searches.gallery:,} enrolled are missed where "
        f"{percent(point.fpir)} of strangers are named",
    )  # fmt: skip
    cmc = cumulative_match(searches, ranks=_RANKS)
    plots.save_cmc(
        paths[1], cmc, title=f"The right person is first in {percent(float(cmc[0]))} of searches"
    )
    plots.save_histogram(
        paths[2], searches.right_scores, searches.stranger_scores, threshold=point.threshold,
        title=f"At {point.threshold:.3f}, {point.named_strangers:,} of {point.strangers:,} strangers "
        "are named",
    )  # fmt: skip
    return paths


OPENSET = Command(
    "openset", "a gallery, its people and strangers: FNIR at FPIR, ranks", _DESCRIPTION,
    _add_arguments, _run,
)  # fmt: skip
