"""``dataset``: pack, split, filter, collect and compare sets of labelled pictures."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter

from recognition.cli._command import Command

__all__ = ["COMMAND"]

_DESCRIPTION = """\
Prepare sets of labelled pictures for training and evaluation: ROOT/<person>/<picture>.

  python -m recognition dataset shards pack faces packed
  python -m recognition dataset split faces --train train --held-out test
  python -m recognition dataset filter faces --percentile 99 --keep clean
  python -m recognition dataset duplicates faces
  python -m recognition dataset shards --help

Nothing is ever changed in place but by `rename`: every other command reads, reports and writes
into a new folder. Exit code 1: something was left out, and was named.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    from recognition.cli._dataset_archives import GROUP, RENAME, TABLE, TFRECORD, UNPACK
    from recognition.cli._dataset_filter import FILTER
    from recognition.cli._dataset_reports import DUPLICATES, OVERLAP
    from recognition.cli._dataset_shards import READ_SPEED, SHARDS
    from recognition.cli._dataset_split import SPLIT
    from recognition.cli._dataset_video import COLLECT, FACES

    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for action in (
        *(SHARDS, READ_SPEED, SPLIT, FILTER, FACES, COLLECT),
        *(DUPLICATES, OVERLAP, UNPACK, TABLE, TFRECORD, RENAME, GROUP),
    ):
        own = actions.add_parser(
            action.name,
            help=action.summary,
            description=action.description,
            formatter_class=RawDescriptionHelpFormatter,
        )
        action.add_arguments(own)
        own.set_defaults(action=action)


def _run(options: Namespace) -> int:
    action: Command = options.action
    return action.run(options)


COMMAND = Command(
    "dataset",
    "shards, splits, filtering, videos, duplicates, overlap, archives",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
