"""``dataset shards`` and ``dataset read-speed``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from dataclasses import asdict
from pathlib import Path

from recognition.cli._arguments import at_least
from recognition.cli._command import Command
from recognition.cli._output import complain, print_json, print_table
from recognition.cli._writing import writing
from recognition.datasets.shard_writing import PICTURES_PER_SHARD

__all__ = ["READ_SPEED", "SHARDS"]

_SHOWN = 10
_SHARDS = """\
Pack a folder tree into a few large tar files, what TFRecords were for: a disk or a network share
reads them several times as fast as thousands of small files.

  python -m recognition dataset shards pack faces packed
  python -m recognition dataset shards check packed
  python -m recognition dataset shards unpack packed faces-again

The pictures go in as the files they are, mixed over the shards by --seed. Any tar reads them, and
webdataset's readers know the layout; index.npz says where each picture lies and its CRC. `train`
takes the folder of shards wherever it takes a folder of people.
"""
_READ_SPEED = """\
Read the same pictures from folders and from shards and print images per second.

  python -m recognition dataset read-speed faces --shards packed

Bytes alone, and decoded as training does; in order, and in random order. Without --shards the
folder is packed into a temporary place first. The system keeps files that were read lately in
memory: --cold asks it to forget these before each round (Linux; the disk's own speed shows then).
"""


def _add_shards_arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    pack = actions.add_parser("pack", help="write a folder tree's pictures into shards")
    pack.add_argument("root", type=Path, metavar="ROOT", help="with a folder per person")
    pack.add_argument("out", type=Path, metavar="OUT", help="a new folder")
    pack.add_argument(
        "--per-shard",
        type=at_least(1),
        default=PICTURES_PER_SHARD,
        help="pictures in a file (default %(default)s)",
    )
    pack.add_argument("--seed", type=at_least(0), default=666, help="of the order (default 666)")
    check = actions.add_parser("check", help="compare every picture's bytes with their CRC")
    check.add_argument("root", type=Path, metavar="SHARDS")
    unpack = actions.add_parser("unpack", help="write the folder tree again")
    unpack.add_argument("root", type=Path, metavar="SHARDS")
    unpack.add_argument("out", type=Path, metavar="OUT", help="a new folder")
    for own, run in ((pack, _pack), (check, _check), (unpack, _unpack)):
        own.formatter_class = RawDescriptionHelpFormatter
        own.add_argument("--json", action="store_true", help="one JSON object")
        own.set_defaults(shards_action=run)


def _run_shards(options: Namespace) -> int:
    code: int = options.shards_action(options)
    return code


def _pack(options: Namespace) -> int:
    from recognition.datasets.shard_writing import pack_folder

    with writing(options.out):
        report = pack_folder(
            options.root, options.out, pictures_per_shard=options.per_shard, seed=options.seed
        )
    if options.json:
        print_json({"ok": not report.skipped, "out": str(options.out), **asdict(report)})
    else:
        print(
            f"{options.out}: {report.pictures:,} pictures of {report.classes:,} people in "
            f"{report.shards:,} shards; {len(report.skipped):,} files were left out."
        )
        for name, reason in report.skipped.items():
            complain(f"{name}: {reason}")
    return 1 if report.skipped else 0


def _check(options: Namespace) -> int:
    from recognition.datasets.shards import check_shards

    damaged = check_shards(options.root)
    if options.json:
        print_json({"ok": not damaged, "damaged": [asdict(record) for record in damaged]})
    else:
        print(f"{options.root}: {len(damaged):,} pictures are damaged or lost.")
        for record in damaged[:_SHOWN]:
            complain(record.problem)
        if len(damaged) > _SHOWN:
            complain(f"and {len(damaged) - _SHOWN:,} more; --json names all")
    return 1 if damaged else 0


def _unpack(options: Namespace) -> int:
    from recognition.datasets.shard_writing import unpack_shards

    with writing(options.out):
        count = unpack_shards(options.root, options.out)
    if options.json:
        print_json({"ok": True, "out": str(options.out), "pictures": count})
    else:
        print(f"{options.out}: {count:,} pictures.")
    return 0


def _add_speed_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("root", type=Path, metavar="ROOT", help="with a folder per person")
    parser.add_argument("--shards", type=Path, metavar="DIR", help="the same pictures, packed")
    parser.add_argument(
        "--pictures", type=at_least(1), default=2000, help="at most so many (default 2000)"
    )
    parser.add_argument(
        "--rounds", type=at_least(1), default=3, help="the median counts (default 3)"
    )
    parser.add_argument("--cold", action="store_true", help="forget what is in memory before each")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _run_speed(options: Namespace) -> int:
    from recognition.datasets.read_speed import measure_read_speed

    found = measure_read_speed(
        options.root,
        shards=options.shards,
        pictures=options.pictures,
        rounds=options.rounds,
        is_cold=options.cold,
    )
    if options.json:
        print_json(
            {"ok": True, "pictures": found.pictures, "rates": [asdict(r) for r in found.rates]}
        )
        return 0
    print(f"{found.pictures:,} pictures, {found.mean_bytes / 1024:.1f} kB each, images per second:")
    print_table(
        ("", "order", "folder", "shards", "shards / folder"),
        [
            (
                rate.what,
                rate.order,
                f"{rate.folder:,.0f}",
                f"{rate.shards:,.0f}",
                f"{rate.ratio:.2f}",
            )
            for rate in found.rates
        ],
    )
    return 0


SHARDS = Command(
    "shards", "pack a folder tree into tar files, check, unpack", _SHARDS, _add_shards_arguments,
    _run_shards,
)  # fmt: skip
READ_SPEED = Command(
    "read-speed", "images per second from folders and from shards", _READ_SPEED,
    _add_speed_arguments, _run_speed,
)  # fmt: skip
