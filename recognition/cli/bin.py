"""``bin``: verification sets in one file; reads pickled ``.bin`` safely, writes a safe container."""

from __future__ import annotations

import io
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from recognition.cli._command import Command
from recognition.cli._engine import add_engine_arguments, open_engine
from recognition.cli._faces import pictures_with_faces, report_problems
from recognition.cli._output import print_json
from recognition.cli._writing import writing
from recognition.errors import RecognitionError

if TYPE_CHECKING:
    from recognition.datasets import VerificationSet
    from recognition.pipeline import Engine

__all__ = ["COMMAND"]

_DESCRIPTION = """\
Verification sets in one file: encoded pictures, two a pair, and whether they show one person.

  python -m recognition bin info agedb_30.bin
  python -m recognition bin convert agedb_30.bin agedb_30.npz
  python -m recognition bin make lfw.npz --images lfw/images --pairs lfw/pairs.txt --align

InsightFace's .bin is a pickle, which can run code when it is loaded; here only lists of bytes and
booleans are taken from it, and everything else is refused. The container written here is a plain
.npz (numpy.load reads it with allow_pickle=False). `evaluate bin` measures on both.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    info = actions.add_parser("info", help="what is in a file")
    info.add_argument("file", type=Path, metavar="FILE")
    info.add_argument("--json", action="store_true", help="one JSON object")
    info.set_defaults(action=_info)
    convert = actions.add_parser("convert", help="a pickled .bin to the safe container")
    convert.add_argument("file", type=Path, metavar="OLD.bin")
    convert.add_argument("out", type=Path, metavar="NEW.npz")
    convert.set_defaults(action=_convert)
    make = actions.add_parser(
        "make",
        help="a container from pictures and pairs.txt",
        description="Put the pictures of pairs.txt into one container.\n\n"
        "Without --align the files go in as they are, for `evaluate bin --no-aligned`; with it the\n"
        "central face of each is cut out, aligned and kept without loss, as `evaluate bin` expects,\n"
        "and pairs with a picture that shows no face are left out and counted.",
        formatter_class=RawDescriptionHelpFormatter,
    )
    make.add_argument("out", type=Path, metavar="OUT.npz")
    make.add_argument("--images", type=Path, required=True, metavar="DIR")
    make.add_argument("--pairs", type=Path, required=True, metavar="FILE")
    make.add_argument("--align", action="store_true", help="cut out and align the faces")
    add_engine_arguments(make)
    make.set_defaults(action=_make)


def _run(options: Namespace) -> int:
    code: int = options.action(options)
    return code


def _info(options: Namespace) -> int:
    from recognition.datasets import read_verification_set
    from recognition.intake import inspect_image

    contents = read_verification_set(options.file)
    kinds: Counter[str] = Counter()
    for picture in contents.pictures:
        try:
            found = inspect_image(picture)
            kinds[f"{found.format} {found.width_px}x{found.height_px}"] += 1
        except RecognitionError:
            kinds["no picture"] += 1
    genuine = sum(contents.is_same)
    if options.json:
        print_json(
            {
                "ok": not kinds["no picture"],
                "pairs": len(contents.is_same),
                "genuine": genuine,
                "impostor": len(contents.is_same) - genuine,
                "has_names": bool(contents.names),
                "pictures": dict(kinds),
            }
        )
    else:
        print(
            f"{options.file}: {len(contents.is_same):,} pairs, {genuine:,} genuine and "
            f"{len(contents.is_same) - genuine:,} impostor, "
            f"{'with' if contents.names else 'without'} names."
        )
        for kind, count in kinds.most_common():
            print(f"{count:8,}  {kind}")
    return 1 if kinds["no picture"] else 0


def _convert(options: Namespace) -> int:
    from recognition.datasets import read_pickled_bin, write_verification_set

    contents = read_pickled_bin(options.file)
    with writing(options.out):
        write_verification_set(options.out, contents)
    print(f"{options.out}: {len(contents.is_same):,} pairs.")
    return 0


def _make(options: Namespace) -> int:
    from recognition.datasets import VerificationSet, locate_pairs, read_pairs
    from recognition.datasets import write_verification_set as write

    located = locate_pairs(read_pairs(options.pairs), root=options.images)
    files = sorted({*located.first, *located.second})
    if options.align:
        pictures = _aligned(open_engine(options), files)
    else:
        pictures = {path: path.read_bytes() for path in files}
    kept = [
        (pair, one, other)
        for pair, one, other in zip(located.pairs, located.first, located.second, strict=True)
        if one in pictures and other in pictures
    ]
    contents: VerificationSet = VerificationSet(
        tuple(pictures[path] for _, one, other in kept for path in (one, other)),
        tuple(pair.is_same for pair, _, _ in kept),
        tuple(name for pair, _, _ in kept for name in (pair.first_name, pair.second_name)),
    )
    with writing(options.out):
        write(options.out, contents)
    print(
        f"{options.out}: {len(kept):,} pairs; {located.skipped:,} left out for a missing file, "
        f"{len(located.pairs) - len(kept):,} for a picture without a face."
    )
    return 0


def _aligned(engine: Engine, files: list[Path]) -> dict[Path, bytes]:
    """The central face of each file as PNG; files without one are named and absent."""
    from PIL import Image

    from recognition.evaluation.subjects import central_face, check_sees_aligned

    check_sees_aligned(engine)
    crops: dict[Path, bytes] = {}
    problems: dict[Path, str] = {}
    # cut with all the care of an enrolment, whatever the crops are then evaluated with
    found = pictures_with_faces(engine, files, problems=problems, flip_fusion=True)
    for path, analysis in found:
        buffer = io.BytesIO()
        Image.fromarray(central_face(analysis).aligned).save(buffer, "PNG")
        crops[path] = buffer.getvalue()
    report_problems(problems)
    return crops


COMMAND = Command(
    "bin", "verification sets in one file: info, convert, make", _DESCRIPTION, _add_arguments, _run
)
