"""``dataset duplicates`` and ``dataset overlap``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recognition.cli._arguments import at_least, cosine
from recognition.cli._command import Command
from recognition.cli._engine import add_engine_arguments, open_engine
from recognition.cli._faces import find_pictures, read_people, report_problems
from recognition.cli._output import complain, print_json, print_table
from recognition.datasets.duplicates import HASH_BITS_APART

if TYPE_CHECKING:
    from recognition.cli._faces import People
    from recognition.contracts import Vectors
    from recognition.pipeline import Engine

__all__ = ["DUPLICATES", "OVERLAP"]

# Two photos of one person at SFace's own scores reach 0.9 rarely, a re-saved copy always.
_SAME_PICTURE = 0.95
_DUPLICATES = """\
Find pictures that are in a folder tree twice.

  python -m recognition dataset duplicates faces
  python -m recognition dataset duplicates faces --faces

same bytes     the same file under two names
same picture   scaled, recompressed or converted: perceptual hashes at most --bits of 64 apart
same face      with --faces: vectors of cosine --cosine and more; a burst of one camera, a frame and
               its neighbour. Needs a face in each picture and is slower

A pair of two classes is marked: it is one person under two names, or a wrong label. Exit code 1
where there are such pairs.
"""
_OVERLAP = """\
Who is in two sets? Figures on people that a network was trained on say little about others.

  python -m recognition dataset overlap train test
  python -m recognition dataset overlap train test --faces

By name, spelled alike up to case, accents, _ and spaces; by files of the same bytes; with --faces
by the cosine of the people's mean vectors, which finds somebody under another name. Exit code 1
where anybody is in both.
"""


def _add_duplicates_arguments(parser: ArgumentParser) -> None:
    add_engine_arguments(parser)
    parser.add_argument("root", type=Path, metavar="ROOT", help="with a folder per person")
    parser.add_argument(
        "--bits", type=at_least(0), default=HASH_BITS_APART, help="default %(default)s"
    )
    parser.add_argument("--faces", action="store_true", help="compare vectors, too")
    parser.add_argument("--cosine", type=cosine, default=_SAME_PICTURE, help="default 0.95")
    parser.add_argument("--show", type=at_least(0), default=20, help="pairs a kind (default 20)")
    parser.add_argument("--json", action="store_true", help="one JSON object, all pairs")


def _run_duplicates(options: Namespace) -> int:
    from recognition.datasets.duplicates import (
        identical_groups,
        look_alike_groups,
        near_vectors,
    )

    files = find_pictures([options.root])
    hashed, problems = _hashed(files)
    readable = list(hashed)
    pairs: list[dict[str, Any]] = []
    for group in identical_groups(readable):
        pairs += [_pair("same bytes", group[0], other, 0.0, options.root) for other in group[1:]]
    known = {(pair["first"], pair["second"]) for pair in pairs}
    found = [
        _pair("same picture", readable[t.first], readable[t.second], t.value, options.root)
        for t in look_alike_groups(list(hashed.values()), bits_apart=options.bits)
    ]
    if options.faces:
        people = read_people(open_engine(options), options.root)
        problems |= people.problems
        found += [
            _pair("same face", people.files[t.first], people.files[t.second], t.value, options.root)
            for t in near_vectors(people.vectors, least_cosine=options.cosine)
        ]
    for pair in found:  # what is the same more strictly is not told again
        names = (pair["first"], pair["second"])
        if names not in known:
            known.add(names)
            pairs.append(pair)
    across = sum(pair["two_classes"] for pair in pairs)
    if options.json:
        print_json(
            {
                "ok": not across and not problems,
                "pictures": len(files),
                "pairs": pairs,
                "left_out": {str(path): reason for path, reason in problems.items()},
            }
        )
    else:
        print(f"{len(files):,} pictures, {len(pairs):,} pairs of twins, {across:,} in two classes.")
        for kind in ("same bytes", "same picture", "same face"):
            own = [pair for pair in pairs if pair["kind"] == kind]
            if own:
                print(f"\n{kind}: {len(own):,}")
                print_table(
                    ("value", "first", "second", ""),
                    [
                        (
                            f"{p['value']:.3g}", p["first"], p["second"],
                            "two classes" if p["two_classes"] else "",
                        )
                        for p in own[: options.show]
                    ],
                )  # fmt: skip
        report_problems(problems)
    return 1 if across or problems else 0


def _hashed(files: list[Path]) -> tuple[dict[Path, int], dict[Path, str]]:
    """Each picture's hash, and why the others have none."""
    from recognition.datasets.duplicates import picture_hash
    from recognition.errors import ImageRejected
    from recognition.images import decode_image
    from recognition.pipeline.files import read_contents

    hashed: dict[Path, int] = {}
    problems: dict[Path, str] = {}
    for path in files:
        content = read_contents(path)
        try:
            if isinstance(content, ImageRejected):
                raise content
            hashed[path] = picture_hash(decode_image(content).picture)
        except ImageRejected as error:
            problems[path] = error.message
    return hashed, problems


def _pair(kind: str, first: Path, second: Path, value: float, root: Path) -> dict[str, Any]:
    return {
        "kind": kind,
        "first": first.relative_to(root).as_posix(),
        "second": second.relative_to(root).as_posix(),
        "value": value,
        "two_classes": first.parent != second.parent,
    }


def _add_overlap_arguments(parser: ArgumentParser) -> None:
    add_engine_arguments(parser)
    parser.add_argument("first", type=Path, metavar="FIRST", help="with a folder per person")
    parser.add_argument("second", type=Path, metavar="SECOND", help="with a folder per person")
    parser.add_argument("--faces", action="store_true", help="compare people's mean vectors, too")
    parser.add_argument(
        "--cosine", type=cosine, default=0.6, help="of mean vectors, with --faces (default 0.6)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _run_overlap(options: Namespace) -> int:
    from recognition.datasets.duplicates import identity_matches
    from recognition.datasets.folders import list_classes
    from recognition.evaluation.groups import identical_files, identity_overlap

    sets = [list_classes(root) for root in (options.first, options.second)]
    names = [[folder.name for folder in classes] for classes in sets]
    files = [[path for folder in classes for path in folder.files] for classes in sets]
    shared = identity_overlap(*names)
    copies = identical_files(*files)
    matches: tuple[Any, ...] = ()
    problems: dict[Path, str] = {}
    if options.faces:
        engine = open_engine(options)
        first, second = (
            _by_person(engine, root, problems) for root in (options.first, options.second)
        )
        matches = identity_matches(first, second, least_cosine=options.cosine)
    is_apart = not (shared.shared or copies or matches)
    if options.json:
        print_json(
            {
                "ok": is_apart and not problems,
                "people": [len(own) for own in names],
                "same_name": list(shared.shared),
                "same_file": [path.relative_to(options.second).as_posix() for path in copies],
                "same_face": [
                    {"first": m.first, "second": m.second, "cosine": m.cosine} for m in matches
                ],
                "left_out": {str(path): reason for path, reason in problems.items()},
            }
        )
        return 0 if is_apart and not problems else 1
    print(
        f"{options.first} has {len(names[0]):,} people, {options.second} {len(names[1]):,}; in both: "
        f"{len(shared.shared):,} by name, {len(copies):,} files"
        + (f", {len(matches):,} pairs of people by face." if options.faces else ".")
    )
    for name in shared.shared:
        complain(f"same name: {name}")
    for path in copies:
        complain(f"same file: {path.relative_to(options.second).as_posix()}")
    for match in matches:
        complain(f"same face: {match.first} and {match.second}, cosine {match.cosine:.3f}")
    report_problems(problems)
    return 0 if is_apart and not problems else 1


def _by_person(engine: Engine, root: Path, problems: dict[Path, str]) -> dict[str, Vectors]:
    people: People = read_people(engine, root)
    problems |= people.problems
    rows: dict[str, list[int]] = {}
    for row, path in enumerate(people.files):
        rows.setdefault(path.parent.name, []).append(row)
    return {name: people.vectors[own] for name, own in rows.items()}


DUPLICATES = Command(
    "duplicates", "pictures that come twice", _DUPLICATES, _add_duplicates_arguments,
    _run_duplicates,
)  # fmt: skip
OVERLAP = Command(
    "overlap", "people who are in two sets", _OVERLAP, _add_overlap_arguments, _run_overlap
)
