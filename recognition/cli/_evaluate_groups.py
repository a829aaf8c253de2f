"""``evaluate groups``: error rates by group at one threshold, and by seen and unseen people."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.cli._arguments import cosine, share
from recognition.cli._command import Command
from recognition.cli._evaluate_report import Answer, failure_note, print_answer
from recognition.cli._evaluate_vectors import (
    EmbeddedPictures,
    VectorSource,
    add_picture_arguments,
    recipe_of,
)
from recognition.errors import RecognitionError
from recognition.evaluation.bootstrap import Interval
from recognition.evaluation.groups import (
    GroupRates,
    group_rates,
    identical_files,
    identity_overlap,
    worst_to_best,
)
from recognition.evaluation.intervals import Share
from recognition.evaluation.report import Measure
from recognition.evaluation.verification import operating_point, roc_curve

__all__ = ["GROUPS"]

_MOST_PICTURES = 4000  # every two of them: 8 million pairs, half a gigabyte
_DESCRIPTION = """\
Error rates of each group at one threshold for all, as a gate applies it.

  python -m recognition evaluate groups --images faces --groups groups.csv
  python -m recognition evaluate groups --images lfw/images --pairs lfw/pairs.txt --seen train

groups.csv has lines file,label; the first column is a picture's path below --images or a person's
folder. Without --pairs every picture meets every other.

FNMR   share of genuine pairs refused: people of this group are turned away
FMR    share of impostor pairs within the group accepted: they are taken for each other
worst / best   the highest rate of a group divided by the lowest; look at the intervals first,
       a ratio of two rates whose intervals overlap may be chance (Wilson's, pairs taken for
       independent, so a little too narrow)

The threshold is --threshold, or the one that gives --fmr over all impostor pairs together.

--seen names the people that the network was trained on, a folder tree or a file with a name a line:
who is in both is reported, and seen and unseen people are groups. Figures on people who were seen
in training say little about others.
"""


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Rows of the pictures, by pair."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    skipped: int


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="with a folder per person"
    )
    parser.add_argument("--pairs", type=Path, metavar="FILE", help="default: every two pictures")
    parser.add_argument("--groups", type=Path, metavar="FILE.csv", help="lines file,label")
    parser.add_argument(
        "--seen", type=Path, metavar="DIR_OR_FILE", help="people that were trained on"
    )
    add_picture_arguments(parser)
    group = parser.add_argument_group("protocol")
    group.add_argument("--flip", choices=("sum", "none"), default="sum", help="default sum")
    threshold = group.add_mutually_exclusive_group()
    threshold.add_argument("--threshold", type=cosine, help="a cosine, for all groups")
    threshold.add_argument(
        "--fmr", type=share, default=1e-3, help="over all impostor pairs (default 0.001)"
    )
    group.add_argument("--json", action="store_true", help="one JSON object")


def _run(options: Namespace) -> int:
    from recognition.datasets.groups import read_groups

    if options.groups is None and options.seen is None:
        raise RecognitionError(
            "No groups were named: give --groups FILE.csv, --seen DIR_OR_FILE or both.",
            code="input.empty",
        )
    files, pairs = _files_and_pairs(options)
    names = list(files)
    people = np.array([name.split("/")[0] for name in names])
    details: dict[str, Any] = {}
    labels: dict[str, list[str | None]] = {}
    if options.groups is not None:
        labels["groups"] = _labels(names, read_groups(options.groups))
    if options.seen is not None:
        labels["seen"], details["overlap"] = _seen(people, files, options)
    source = VectorSource(options)
    recipe = recipe_of(options, flip=options.flip)
    embedded = source.as_compared(source.of_files(files, recipe=recipe))
    pairs, scores = _scores(embedded, pairs, options)
    is_genuine = people[pairs.first] == people[pairs.second]
    threshold = options.threshold
    note = "as given"
    if threshold is None:
        point = operating_point(roc_curve(scores, is_genuine), fmr=options.fmr)
        threshold = point.threshold
        note = f"FMR {options.fmr:g} over all impostor pairs" + (
            f"; {point.note}" if point.note else ""
        )
    rows = [Measure("threshold", threshold, cases=len(scores), remark=note, is_share=False)]
    for kind, own in labels.items():
        found = _rates(scores, is_genuine, pairs, own, threshold)
        details[kind] = found
        rows += _rows(found)
    answer = Answer(
        "groups",
        rows,
        [
            f"The {options.choose} face of each picture counts. Mirror image: {options.flip}.",
            failure_note(options, len(embedded.problems), of="pairs"),
            *_overlap_notes(details),
        ],
        {
            "pictures": len(names),
            "people": len(set(people.tolist())),
            "genuine pairs": int(is_genuine.sum()),
            "impostor pairs": int((~is_genuine).sum()),
            "pairs skipped for a missing file": pairs.skipped,
            **{f"pictures of no group ({kind})": own.count(None) for kind, own in labels.items()},
        },
        source.description(),
        embedded.problems,
        details,
    )
    return print_answer(answer, options)


def _files_and_pairs(options: Namespace) -> tuple[dict[str, Path], _Pairs]:
    from recognition.datasets.folders import list_pictures
    from recognition.datasets.pairs import locate_pairs, read_pairs

    if options.pairs is not None:
        located = locate_pairs(read_pairs(options.pairs), root=options.images)
        paths = sorted({*located.first, *located.second})
        row_of = {path: row for row, path in enumerate(paths)}
        pairs = _Pairs(
            np.array([row_of[path] for path in located.first]),
            np.array([row_of[path] for path in located.second]),
            located.skipped,
        )
    else:
        paths = list(list_pictures(options.images))
        if len(paths) > _MOST_PICTURES:
            raise RecognitionError(
                f"{len(paths):,} pictures make too many pairs (at most {_MOST_PICTURES:,} pictures); "
                "name some with --pairs, `pairs generate` draws them.",
                code="input.too_many",
            )
        first, second = np.triu_indices(len(paths), k=1)
        pairs = _Pairs(first.astype(np.int64), second.astype(np.int64), 0)
    return {path.relative_to(options.images).as_posix(): path for path in paths}, pairs


def _labels(names: Sequence[str], groups: Mapping[str, str]) -> list[str | None]:
    labels = [groups.get(name) or groups.get(name.split("/")[0]) for name in names]
    if not any(labels):
        raise RecognitionError(
            f"No picture has a group; the list names {next(iter(groups))}, the pictures are like "
            f"{names[0]}. Expected paths below --images, or people's folders.",
            code="input.empty",
        )
    return labels


def _seen(
    people: NDArray[np.str_], files: Mapping[str, Path], options: Namespace
) -> tuple[list[str | None], dict[str, Any]]:
    from recognition.datasets.folders import list_classes
    from recognition.datasets.openset import read_leave_out

    if options.seen.is_dir():
        classes = list_classes(options.seen)
        trained = {folder.name for folder in classes}
        same = identical_files((f for folder in classes for f in folder.files), files.values())
    else:
        trained, same = set(read_leave_out(options.seen)), ()
    overlap = identity_overlap(trained, people.tolist())
    shared = set(overlap.shared)
    return (
        ["seen" if person in shared else "unseen" for person in people.tolist()],
        {
            "training": overlap.training,
            "evaluation": overlap.evaluation,
            "shared": overlap.shared,
            "identical_files": [path.relative_to(options.images).as_posix() for path in same],
        },
    )


def _scores(
    embedded: EmbeddedPictures, pairs: _Pairs, options: Namespace
) -> tuple[_Pairs, NDArray[np.float64]]:
    usable = embedded.is_found[pairs.first] & embedded.is_found[pairs.second]
    if options.failed == "skip":
        pairs = _Pairs(pairs.first[usable], pairs.second[usable], pairs.skipped)
        usable = np.ones(len(pairs.first), np.bool_)
    scores = np.empty(len(pairs.first))
    for start in range(0, len(scores), 100_000):  # all at once would hold every vector many times
        part = slice(start, start + 100_000)
        scores[part] = np.einsum(
            "nd,nd->n", embedded.vectors[pairs.first[part]], embedded.vectors[pairs.second[part]]
        )
    scores[~usable] = -1.0
    return pairs, scores


def _rates(
    scores: NDArray[np.float64],
    is_genuine: NDArray[np.bool_],
    pairs: _Pairs,
    labels: Sequence[str | None],
    threshold: float,
    /,
) -> tuple[GroupRates, ...]:
    groups = sorted({label for label in labels if label is not None})
    codes = np.array([-1 if label is None else groups.index(label) for label in labels])
    return group_rates(
        scores,
        is_genuine=is_genuine,
        groups=groups,
        first=codes[pairs.first],
        second=codes[pairs.second],
        threshold=threshold,
    )


def _rows(rates: Sequence[GroupRates]) -> list[Measure]:
    rows = [
        _measure(f"{kind} {own.group}", rate)
        for own in rates
        for kind, rate in (("FNMR", own.fnmr), ("FMR", own.fmr))
        if rate.total
    ]
    within = rates[:-1] if rates and rates[-1].group == "between groups" else rates
    for kind, shares in (
        ("FNMR", [own.fnmr for own in within]),
        ("FMR", [own.fmr for own in within]),
    ):
        ratio = worst_to_best(shares)
        remark = "" if ratio else "a group has no errors or no pairs: no ratio"
        rows.append(Measure(f"worst / best {kind}", ratio, remark=remark, is_share=False))
    return rows


def _measure(name: str, rate: Share) -> Measure:
    return Measure(
        name, rate.value, Interval(rate.low, rate.high), rate.total, f"{rate.count:,} pairs"
    )


def _overlap_notes(details: Mapping[str, Any]) -> list[str]:
    overlap = details.get("overlap")
    if overlap is None:
        return []
    names = ", ".join(overlap["shared"][:10]) + (" …" if len(overlap["shared"]) > 10 else "")
    return [
        (
            f"{len(overlap['shared']):,} of {overlap['evaluation']:,} people are among the "
            f"{overlap['training']:,} that were trained on{': ' + names if names else ''}; "
            f"{len(overlap['identical_files']):,} pictures are the very same files."
        )
    ]


GROUPS = Command(
    "groups", "error rates by group, and by seen and unseen people", _DESCRIPTION,
    _add_arguments, _run,
)  # fmt: skip
