"""``dataset split``: hold pictures or people back."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from recognition.cli._arguments import at_least, share
from recognition.cli._command import Command
from recognition.cli._output import complain, print_json
from recognition.cli._writing import writing
from recognition.errors import RecognitionError

__all__ = ["SPLIT"]

_DESCRIPTION = """\
Write two folder trees: one to train on, one to judge by.

  python -m recognition dataset split faces --train train --held-out test --ratio 0.05
  python -m recognition dataset split faces --train train --held-out test --by classes

images   pictures of everybody are held out: of n pictures floor(n (1 - ratio)) train, and at least
         one is held out; who has a single picture trains and is named
classes  people are held out, with all their pictures; figures on them say how strangers will fare

The files are the same ones under second names (hard links), or copies with --link copy or where
the disk is another one. The same seed makes the same split.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("root", type=Path, metavar="ROOT", help="with a folder per person")
    parser.add_argument("--train", type=Path, required=True, metavar="DIR", help="a new folder")
    parser.add_argument("--held-out", type=Path, required=True, metavar="DIR", help="a new folder")
    parser.add_argument("--by", choices=("images", "classes"), default="images")
    parser.add_argument("--ratio", type=share, default=0.05, help="held out (default 0.05)")
    parser.add_argument(
        "--min-held-out",
        type=at_least(1),
        default=1,
        help="pictures: classes with fewer to hold out train with all (default 1)",
    )
    parser.add_argument("--seed", type=at_least(0), default=666, help="default 666")
    parser.add_argument("--link", choices=("hard", "copy"), default="hard")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _run(options: Namespace) -> int:
    from recognition.datasets.splits import split_folder, write_part

    if not 0.0 < options.ratio < 1.0:
        raise RecognitionError(
            f"--ratio is {options.ratio:g}; a share above 0 and below 1 is needed.",
            code="input.range",
        )
    parts = split_folder(
        options.root,
        ratio=options.ratio,
        mode=options.by,
        seed=options.seed,
        least_held_out=options.min_held_out,
    )
    counts = {}
    for name, part, out in (
        ("train", parts.train, options.train),
        ("held_out", parts.held_out, options.held_out),
    ):
        with writing(out):
            pictures = write_part(part, out, link=options.link)
        counts[name] = {"out": str(out), "people": len(part), "pictures": pictures}
    if options.json:
        print_json({"ok": True, **counts, "nothing_held_out_of": list(parts.too_few)})
        return 0
    for name, count in counts.items():
        print(
            f"{name.replace('_', ' ')}: {count['pictures']:,} pictures of {count['people']:,} people "
            f"in {count['out']}"
        )
    if parts.too_few:
        complain(
            f"{len(parts.too_few):,} people have too few pictures to hold one out: "
            f"{', '.join(parts.too_few[:5])}{' …' if len(parts.too_few) > 5 else ''}"
        )
    return 0


SPLIT = Command("split", "hold pictures or people back", _DESCRIPTION, _add_arguments, _run)
