"""``study made-set``: pictures that show no faces, to try training and the studies on."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from recognition.cli._arguments import at_least
from recognition.cli._command import Command
from recognition.cli._output import print_json
from recognition.cli._writing import writing

__all__ = ["MADE"]

_DESCRIPTION = """\
Draw coats of animals into OUT/<animal>/, as cows are told apart by theirs: a set without a face.

  python -m recognition study made-set herd/train --individuals 60 --pictures 8
  python -m recognition study made-set herd/test --individuals 20 --first 1000
  python -m recognition train softmax herd/train runs --network nns2 --image-size 48 --crop arcface
  python -m recognition models add runs/*/network.safetensors --id herd --licence own
  python -m recognition classify train herd/test herd.clf --model herd --detector pre-cropped

The same numbers give the same pictures; --first shows other animals.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--individuals", type=at_least(2), default=20, help="default %(default)s")
    parser.add_argument("--pictures", type=at_least(1), default=6, help="of each (default 6)")
    parser.add_argument("--size", type=at_least(32), default=48, metavar="PX", help="default 48")
    parser.add_argument("--first", type=at_least(0), default=0, help="number of the first animal")
    parser.add_argument("--seed", type=at_least(0), default=666)
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _run(options: Namespace) -> int:
    from recognition.studies.patterns import Coats, write_coats

    coats = Coats(
        individuals=options.individuals,
        pictures=options.pictures,
        size_px=options.size,
        first=options.first,
        seed=options.seed,
    )
    with writing(options.out):
        write_coats(coats, options.out)
    if options.json:
        print_json({"ok": True, "out": str(options.out), "pictures": len(coats)})
    else:
        print(f"{options.out}: {len(coats):,} pictures of {options.individuals:,} animals.")
    return 0


MADE = Command(
    "made-set", "draw animals' coats: a set that shows no faces", _DESCRIPTION,
    _add_arguments, _run,
)  # fmt: skip
