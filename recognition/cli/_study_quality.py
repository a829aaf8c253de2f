"""``study quality``: JPEG quality and pixels against the validation rate, FaceNet's table 4."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recognition.cli._arguments import at_least, share
from recognition.cli._command import Command
from recognition.cli._engine import add_engine_arguments, engine_config
from recognition.cli._output import complain, print_json, print_table
from recognition.evaluation.report import percent

if TYPE_CHECKING:
    from recognition.studies.quality import Chosen, QualityKind, Stage
    from recognition.studies.sweep import Row

__all__ = ["QUALITY"]

_UNITS = {"jpeg": "JPEG quality", "pixels": "pixels of the picture"}
_DESCRIPTION = """\
Degrade every picture of DATA/<person>/ and compare each with each other one.

  python -m recognition study quality lfw/images studies/quality --people 500 --photos 3
  python -m recognition study quality crops studies/crops --detector pre-cropped --stage crop

--stage picture  detection, too, sees the degraded picture; where it finds no face any more, the
                 picture matches nobody (default)
--stage crop     the aligned crop is degraded: what the network itself bears

VAL: genuine pairs accepted by the threshold that lets --far of the impostor pairs through, chosen
anew for each step, with a 95 % interval from drawing people again. "VAL kept" and "FAR kept" are
those of a site that keeps the threshold of good pictures. The steps are the paper's; a crop of
112 px gets smaller ones. OUT gets study.json, table.csv, jpeg.png and pixels.png.
Exit code 1: pictures were left out.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("data", type=Path, metavar="DATA", help="with a folder per person")
    parser.add_argument("out", type=Path, metavar="OUT", help="the study's folder")
    add_engine_arguments(parser)
    parser.add_argument("--stage", choices=("picture", "crop"), default="picture")
    parser.add_argument("--people", type=at_least(2), help="so many, evenly by name (default all)")
    parser.add_argument(
        "--photos", type=at_least(2), default=4, help="of each person at most (default 4)"
    )
    parser.add_argument("--jpeg", type=_jpeg_quality, nargs="*", metavar="QUALITY")
    parser.add_argument("--pixels", type=at_least(64), nargs="*", metavar="COUNT")
    parser.add_argument("--far", type=share, default=1e-3, help="of VAL (default 0.001)")
    parser.add_argument("--choose", choices=("central", "main"), default="central")
    parser.add_argument("--flip", choices=("none", "sum"), default="none", help="default none")
    parser.add_argument("--centre", choices=("network", "none"), default="network")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _jpeg_quality(text: str) -> int:
    from argparse import ArgumentTypeError

    quality = at_least(1)(text)
    if quality > 100:
        raise ArgumentTypeError(f"{text!r} is not a JPEG quality from 1 to 100")
    return quality


def _run(options: Namespace) -> int:
    from dataclasses import replace

    from recognition.evaluation.subjects import Recipe
    from recognition.pipeline import load_engine
    from recognition.studies.quality import (
        QUALITY_STEPS,
        QualitySettings,
        choose_pictures,
        falling_steps,
        study_quality,
    )

    chosen = choose_pictures(options.data, people=options.people, photos=options.photos)
    stage: Stage = options.stage
    defaults = QUALITY_STEPS[stage]
    steps: Mapping[QualityKind, Sequence[int]] = {
        "jpeg": defaults["jpeg"] if options.jpeg is None else options.jpeg,
        "pixels": defaults["pixels"] if options.pixels is None else options.pixels,
    }
    engine = load_engine(replace(engine_config(options), flip_fusion=options.flip == "sum"))
    rows = study_quality(
        engine,
        chosen,
        settings=QualitySettings(
            recipe=Recipe(choose=options.choose, flip=options.flip),
            stage=stage,
            far=options.far,
            is_centred=options.centre == "network",
        ),
        steps=steps,
        folder=options.out,
        say=complain,
    )
    drawn = _draw(rows, options.out)
    falls = [(a["value"], b["value"]) for a, b in falling_steps(rows)]
    left_out = int(rows[0]["left_out"])
    if options.json:
        print_json(
            {"ok": not left_out, "rows": rows, "falls": falls, "plots": [str(p) for p in drawn]}
        )
        return 1 if left_out else 0
    _print(rows, chosen, options)
    for worse, better in falls:
        print(f"VAL falls from {worse} to {better}: less than chance tells apart, or a fault.")
    for path in drawn:
        print(f"drawn: {path}")
    if left_out:
        complain(f"{left_out:,} pictures are none or show no face even untouched: left out.")
    return 1 if left_out else 0


def _print(rows: Sequence[Row], chosen: Chosen, options: Namespace) -> None:
    first = rows[0]
    print(
        f"{options.model}: {first['pictures']:,} pictures of {first['people']:,} people, "
        f"{first['genuine_pairs']:,} genuine and {first['impostor_pairs']:,} impostor pairs; "
        f"the {options.stage} is degraded, VAL at FAR {options.far:g}.\n"
    )
    print_table(
        ("step", "VAL", "95 % interval", "VAL kept", "FAR kept", "EER", "rank-1", "no face"),
        [
            (
                "untouched" if row["value"] is None else f"{row['kind']} {row['value']:,}",
                percent(row["val"]),
                f"{percent(row['val_low'])} … {percent(row['val_high'])}",
                "" if row["val_fixed"] is None else percent(row["val_fixed"]),
                "" if row["far_fixed"] is None else percent(row["far_fixed"]),
                percent(row["eer"]),
                percent(row["rank_1"]),
                f"{row['pictures'] - row['found']:,}",
            )
            for row in rows
        ],
    )
    if first["note"]:
        print(f"\nFAR {options.far:g}: {first['note']}.")


def _draw(rows: Sequence[Row], folder: Path) -> list[Path]:
    from recognition.studies.plots import Line, save_study

    paths = []
    for kind, unit in _UNITS.items():
        own = sorted((row for row in rows if row["kind"] == kind), key=lambda row: row["value"])
        if not own:
            continue
        paths.append(folder / f"{kind}.png")
        x = [row["value"] for row in own]
        save_study(
            paths[-1],
            [
                Line("threshold chosen for the step", x, [row["val"] for row in own],
                     [row["val_low"] for row in own], [row["val_high"] for row in own]),
                Line("threshold of good pictures kept", x, [row["val_fixed"] for row in own]),
            ],
            title=f"VAL falls to {percent(own[0]['val'])} at {x[0]:,} ({unit})",
            across=unit, up=f"VAL at FAR {_far_of(own)}", is_logarithmic=kind == "pixels",
            reference=rows[0]["val"],
        )  # fmt: skip
    return paths


def _far_of(rows: Sequence[Row]) -> str:
    return f"{rows[0]['far']:.2g}"


QUALITY = Command(
    "quality", "JPEG quality and pixels against VAL (FaceNet's table 4)", _DESCRIPTION,
    _add_arguments, _run,
)  # fmt: skip
