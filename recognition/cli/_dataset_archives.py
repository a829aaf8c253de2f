"""``dataset unpack``, ``decode-table``, ``decode-tfrecord``, ``rename`` and ``group``: sets as others hand them out."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from recognition.cli._arguments import at_least
from recognition.cli._command import Command
from recognition.cli._faces import find_pictures
from recognition.cli._output import complain, print_json
from recognition.cli._writing import writing

if TYPE_CHECKING:
    from recognition.datasets.archives import TableReport

__all__ = ["GROUP", "RENAME", "TABLE", "TFRECORD", "UNPACK"]

_SHOWN = 5
_UNPACK = """\
Unpack a zip or tar, once its SHA-256 is the one that its publisher names.

  python -m recognition dataset unpack faces.tar.gz faces --sha256 DIGEST

Names that lead out of OUT, links and devices are refused, and nothing is unpacked before the digest
of the whole file was compared. Fetch the file with curl or a browser: nothing here uses the network.
"""
_TABLE = """\
Decode a table whose rows end in a picture in base64, as MS-Celeb-1M's aligned sets were.

  python -m recognition dataset decode-table FaceImageCroppedWithAlignment.tsv faces

Pictures go to OUT/<class>/<name columns joined by ->.jpg. Columns are counted from 0.
"""
_TFRECORD = """\
Write the pictures of TensorFlow's record files to OUT/<label>/, as the files they are.

  python -m recognition dataset decode-tfrecord faces train-00000-of-00002 train-00001-of-00002
  python -m recognition dataset shards pack faces packed

Each record is a tf.train.Example with a picture's file and a label, text or number, under the keys
given. TensorFlow is not needed. Checksums are compared: a damaged record is left out and named.
"""
_RENAME = """\
Rename the folders of ROOT by a list of lines old<tab>new, as CASIA-WebFace's names.txt.

  python -m recognition dataset rename CASIA-WebFace names.txt

Spaces in new names become _. Nothing is renamed where two folders would get one name.
"""
_GROUP = """\
Sort a heap of files into a folder per person by their names.

  python -m recognition dataset group CACD2000 faces --pattern '\\d+_(.+)_\\d+'

The pattern must fit the whole name without its suffix; its first group is the person.
"""


def _add_unpack_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("archive", type=Path, metavar="FILE")
    parser.add_argument("out", type=Path, metavar="OUT", help="a new folder")
    parser.add_argument("--sha256", required=True, help="64 hexadecimal digits")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _run_unpack(options: Namespace) -> int:
    from recognition.datasets.archives import unpack_archive

    with writing(options.out):
        count = unpack_archive(options.archive, options.out, sha256=options.sha256)
    if options.json:
        print_json({"ok": True, "out": str(options.out), "files": count})
    else:
        print(f"{options.out}: {count:,} files.")
    return 0


def _add_table_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("table", type=Path, metavar="FILE.tsv")
    parser.add_argument("out", type=Path, metavar="OUT", help="a new folder")
    parser.add_argument("--class-column", type=at_least(0), default=0, help="default 0")
    parser.add_argument(
        "--name-columns", type=at_least(0), nargs="+", default=[1, 4], help="default 1 4"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _run_table(options: Namespace) -> int:
    from recognition.datasets.archives import decode_table

    with writing(options.out):
        report = decode_table(
            options.table,
            options.out,
            class_column=options.class_column,
            name_columns=tuple(options.name_columns),
        )
    return _report(report, options, named=f"{options.table}, line ")


def _add_tfrecord_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("out", type=Path, metavar="OUT", help="a new folder")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--picture-key", default="image/encoded", help="default %(default)s")
    parser.add_argument("--label-key", default="image/class/label", help="default %(default)s")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _run_tfrecord(options: Namespace) -> int:
    from recognition.datasets.tfrecords import decode_tfrecords

    with writing(options.out):
        report = decode_tfrecords(
            options.files,
            options.out,
            picture_key=options.picture_key,
            label_key=options.label_key,
        )
    return _report(report, options, named="")


def _report(report: TableReport, options: Namespace, *, named: str) -> int:
    if options.json:
        print_json(
            {
                "ok": not report.skipped,
                "pictures": report.pictures,
                "classes": report.classes,
                "skipped": list(report.skipped),
            }
        )
    else:
        print(
            f"{options.out}: {report.pictures:,} pictures of {report.classes:,} people; "
            f"{len(report.skipped):,} rows were left out."
        )
        for row in report.skipped[:_SHOWN]:
            complain(f"{named}{row}")
    return 1 if report.skipped else 0


def _add_rename_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("root", type=Path, metavar="ROOT", help="with a folder per person")
    parser.add_argument("names", type=Path, metavar="FILE", help="lines old<tab>new")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _run_rename(options: Namespace) -> int:
    from recognition.datasets.archives import rename_classes

    with writing(options.root):
        count, missing = rename_classes(options.root, options.names)
    if options.json:
        print_json({"ok": not missing, "renamed": count, "missing": list(missing)})
    else:
        print(f"{options.root}: {count:,} folders were renamed, {len(missing):,} are not there.")
        for name in missing[:_SHOWN]:
            complain(f"not there: {name}")
    return 1 if missing else 0


def _add_group_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("heap", type=Path, metavar="FOLDER")
    parser.add_argument("out", type=Path, metavar="OUT", help="a new folder")
    parser.add_argument("--pattern", required=True, help="regular expression with one (group)")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _run_group(options: Namespace) -> int:
    from recognition.datasets.archives import group_by_name

    with writing(options.out):
        count, others = group_by_name(
            find_pictures([options.heap]), options.out, pattern=options.pattern
        )
    if options.json:
        print_json({"ok": not others, "copied": count, "left_out": [str(path) for path in others]})
    else:
        print(f"{options.out}: {count:,} pictures; {len(others):,} have other names.")
        for path in others[:_SHOWN]:
            complain(f"other name: {path}")
    return 1 if others else 0


UNPACK = Command(
    "unpack", "a zip or tar, its digest compared first", _UNPACK, _add_unpack_arguments, _run_unpack
)
TABLE = Command(
    "decode-table", "rows with pictures in base64", _TABLE, _add_table_arguments, _run_table
)
TFRECORD = Command(
    "decode-tfrecord", "TensorFlow's record files into a folder per person", _TFRECORD,
    _add_tfrecord_arguments, _run_tfrecord,
)  # fmt: skip
RENAME = Command(
    "rename", "folders by a list of names", _RENAME, _add_rename_arguments, _run_rename
)
GROUP = Command(
    "group", "a heap of files into a folder per person", _GROUP, _add_group_arguments, _run_group
)
