"""``pairs``: draw or check a list of genuine and impostor pairs in LFW's format."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from dataclasses import asdict
from pathlib import Path

from recognition.cli._arguments import at_least
from recognition.cli._command import Command
from recognition.cli._output import complain, print_json
from recognition.cli._writing import writing

__all__ = ["COMMAND"]

_SHOWN = 5
_DESCRIPTION = """\
Make and check pairs.txt, the list of pairs that `evaluate lfw` and others read.

  python -m recognition pairs generate faces pairs.txt --folds 10 --per-fold 300
  python -m recognition pairs check pairs.txt --images faces

The format: a first line "folds<tab>count", then for each fold count lines "name<tab>i<tab>j" of one
person's pictures and count lines "name<tab>i<tab>other<tab>j" of two people's. Pictures are
<name>/<name>_0001.jpg or .png and so on.
"""
_GENERATE = """\
Draw pairs from a folder tree, the same for the same seed.

  python -m recognition pairs generate faces pairs.txt --folds 10 --per-fold 300 --seed 666

No picture is paired with itself, no pair comes twice, and nobody is in two folds, so that no
threshold is chosen on the people that it is judged on; --people shared gives that up where the
people are too few. Pictures that are not named <name>_0001.jpg or .png are left out and counted.
"""
_CHECK = """\
Count what makes a list worthless.

  python -m recognition pairs check pairs.txt --images faces

Exit code 1 where a pair is a picture with itself, comes twice, or has a missing picture. People in
two folds and uneven folds are told, too: they make figures look better than they are.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    generate = actions.add_parser(
        "generate",
        help="draw pairs from a folder tree",
        description=_GENERATE,
        formatter_class=RawDescriptionHelpFormatter,
    )
    generate.add_argument("images", type=Path, metavar="DIR", help="with a folder per person")
    generate.add_argument("out", type=Path, metavar="OUT", help="the list to write")
    generate.add_argument("--folds", type=at_least(1), default=10, help="default 10")
    generate.add_argument(
        "--per-fold", type=at_least(1), default=300, help="pairs of each kind (default 300)"
    )
    generate.add_argument("--seed", type=int, default=666, help="default 666")
    generate.add_argument(
        "--people",
        choices=("disjoint", "shared"),
        default="disjoint",
        help="everybody in one fold only (default), or in all of them",
    )
    generate.add_argument("--json", action="store_true", help="one JSON object")
    generate.set_defaults(action=_generate)
    check = actions.add_parser(
        "check",
        help="count what makes a list worthless",
        description=_CHECK,
        formatter_class=RawDescriptionHelpFormatter,
    )
    check.add_argument("file", type=Path, metavar="FILE", help="pairs.txt")
    check.add_argument("--images", type=Path, metavar="DIR", help="also look for the pictures")
    check.add_argument("--json", action="store_true", help="one JSON object")
    check.set_defaults(action=_check)


def _run(options: Namespace) -> int:
    code: int = options.action(options)
    return code


def _generate(options: Namespace) -> int:
    from recognition.datasets import generate_pairs, list_classes, numbered_pictures, write_pairs

    classes = list_classes(options.images)
    pictures = numbered_pictures(classes)
    drawn = generate_pairs(
        pictures,
        folds=options.folds,
        per_fold=options.per_fold,
        seed=options.seed,
        people=options.people,
    )
    with writing(options.out):
        write_pairs(options.out, drawn)
    left_out = sum(len(folder.files) for folder in classes) - sum(map(len, pictures.values()))
    people = {name for pair in drawn.pairs for name in (pair.first_name, pair.second_name)}
    if options.json:
        print_json(
            {
                "ok": True,
                "out": str(options.out),
                "pairs": len(drawn.pairs),
                "folds": drawn.folds,
                "people": len(people),
                "pictures_left_out": left_out,
            }
        )
    else:
        print(
            f"{options.out}: {len(drawn.pairs):,} pairs, {drawn.folds} folds of {options.per_fold} "
            f"genuine and {options.per_fold} impostor pairs, of {len(people):,} people."
        )
        if left_out:
            print(f"{left_out:,} pictures are not named <name>_0001.jpg or .png: left out.")
    return 0


def _check(options: Namespace) -> int:
    from recognition.datasets import check_pairs, read_pairs

    found = check_pairs(read_pairs(options.file), root=options.images)
    if options.json:
        print_json({**asdict(found), "ok": found.is_usable, "balanced": found.is_balanced})
        return 0 if found.is_usable else 1
    print(
        f"{options.file}: {found.pairs:,} pairs in {found.folds} folds, {found.people:,} people, "
        f"{sum(found.genuine_per_fold):,} genuine and {sum(found.impostor_per_fold):,} impostor."
    )
    print(
        f"duplicates: {found.duplicates:,}; pictures paired with themselves: {found.self_pairs:,}"
    )
    print(
        f"folds balanced: {'yes' if found.is_balanced else 'no'}; "
        f"people in two folds: {found.people_in_two_folds:,}"
    )
    if options.images is not None:
        print(f"missing pictures: {len(found.missing_pictures):,}")
    for name in found.missing_pictures[:_SHOWN]:
        complain(f"missing: {name}")
    return 0 if found.is_usable else 1


COMMAND = Command(
    "pairs",
    "draw or check a list of genuine and impostor pairs",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
