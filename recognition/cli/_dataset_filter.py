"""``dataset filter``: find, and leave out, pictures far from their class's centre."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

import numpy as np

from recognition.cli._arguments import at_least
from recognition.cli._command import Command
from recognition.cli._engine import add_engine_arguments, open_engine
from recognition.cli._faces import read_people, report_problems
from recognition.cli._output import print_json, print_table
from recognition.cli._writing import writing

__all__ = ["FILTER"]

_DESCRIPTION = """\
Embed every picture, measure its distance to the centre of its class, and show the farthest: wrong
labels first. With --keep the rest is written as a new folder tree.

  python -m recognition dataset filter faces --percentile 99
  python -m recognition dataset filter faces --percentile 99 --min-images 5 --keep clean

--percentile  what lies beyond it, over all pictures, is dropped; 100 drops nothing
--min-images  then classes with fewer pictures left are dropped
--centre      mean, as FaceNet; or median, which outliers do not pull along: better for people with
              a handful of pictures
--metrics     also write names, files, labels and distances, FaceNet's HDF5 as a plain .npz
"""


def _percentile(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= 100.0:
        raise ArgumentTypeError(f"{text!r} is no percentile above 0 and up to 100")
    return value


def _add_arguments(parser: ArgumentParser) -> None:
    add_engine_arguments(parser)
    parser.add_argument("root", type=Path, metavar="ROOT", help="with a folder per person")
    parser.add_argument("--percentile", type=_percentile, default=99.0, help="default 99")
    parser.add_argument("--min-images", type=at_least(0), default=0, help="default 0")
    parser.add_argument("--centre", choices=("mean", "median"), default="mean")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="a new folder for the rest")
    parser.add_argument("--metrics", type=Path, metavar="FILE.npz")
    parser.add_argument("--show", type=at_least(0), default=10, help="farthest (default 10)")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _run(options: Namespace) -> int:
    from recognition.datasets.filtering import distances_to_centre, filter_pictures
    from recognition.datasets.folders import ClassFolder
    from recognition.datasets.splits import write_part

    people = read_people(open_engine(options), options.root)
    # By folder, not by shown name: "a_b" and "a b" are two classes.
    names, labels = np.unique([path.parent.name for path in people.files], return_inverse=True)
    distances = distances_to_centre(people.vectors, labels, centre=options.centre)
    found = filter_pictures(
        distances, labels, percentile=options.percentile, least_pictures=options.min_images
    )
    files = [path.relative_to(options.root).as_posix() for path in people.files]
    if options.metrics is not None:
        with writing(options.metrics), options.metrics.open("wb") as file:
            np.savez(
                file,
                class_names=names,
                image_list=np.array(files, np.str_),
                label_list=labels.astype(np.int64),
                distance_to_center=distances,
            )
    kept = found.is_kept
    if options.keep is not None:
        part = [
            ClassFolder(name, tuple(people.files[row] for row in np.flatnonzero(own).tolist()))
            for label, name in enumerate(names.tolist())
            if (own := kept & (labels == label)).any()
        ]
        with writing(options.keep):
            write_part(part, options.keep, link="hard")
    far = np.argsort(-distances, kind="stable")
    dropped = {
        "too_far": [files[row] for row in far.tolist() if found.too_far[row]],
        "too_few": [files[row] for row in np.flatnonzero(found.too_few).tolist()],
    }
    if options.json:
        print_json(
            {
                "ok": not people.problems,
                "pictures": len(files),
                "kept": int(kept.sum()),
                "threshold": found.threshold,
                **dropped,
                "left_out": {str(path): reason for path, reason in people.problems.items()},
            }
        )
        return 1 if people.problems else 0
    print(
        f"{len(files):,} pictures of {len(names):,} people: {int(found.too_far.sum()):,} lie farther "
        f"than {found.threshold:.3f} from their class's centre, {int(found.too_few.sum()):,} belong "
        f"to classes with fewer than {options.min_images} left; {int(kept.sum()):,} are kept."
    )
    print_table(
        ("distance", "picture", ""),
        [
            (f"{distances[row]:.3f}", files[row], "" if kept[row] else "dropped")
            for row in far[: options.show].tolist()
        ],
    )
    return report_problems(people.problems)


FILTER = Command(
    "filter", "leave out pictures far from their class's centre", _DESCRIPTION, _add_arguments, _run
)
