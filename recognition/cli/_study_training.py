"""``study embedding-size|data-size|architecture``: train for each step, judge on people held out."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from recognition.cli._arguments import at_least, share
from recognition.cli._command import Command
from recognition.cli._output import complain, print_json, print_table
from recognition.config import Device
from recognition.evaluation.report import percent
from recognition.networks.registry import NETWORKS

if TYPE_CHECKING:
    from recognition.studies.sweep import Row
    from recognition.studies.trained import TrainingStudy
    from recognition.training.sources import Source

__all__ = ["ARCHITECTURE", "DATA_SIZE", "EMBEDDING_SIZE"]

_SHARED = """\
Each step trains a network with softmax from the same beginning, once for each of --repeats seeds,
and is judged on --held-out of the people, whom no step has seen: every picture of them with every
other. VAL is the share of genuine pairs accepted where --far of the impostor pairs are. The table
gives means, and the standard deviation over the seeds; differences within it are chance.

Without --data the animals of `study made-set` are drawn: enough to see a study run in minutes, and
no statement about faces. The same command goes on where it was interrupted.
"""
_EMBEDDING_SIZE = f"""\
How many numbers does an embedding need? FaceNet's table 5.

  python -m recognition study embedding-size studies/sizes --data faces --sizes 64 128 256 512

{_SHARED}"""
_DATA_SIZE = f"""\
What does more training data buy? FaceNet's table 6.

  python -m recognition study data-size studies/data --data faces --shares 0.1 0.3 1
  python -m recognition study data-size studies/data --unit pictures

All steps take as many optimiser steps; --unit pictures keeps all people, with fewer pictures each.

{_SHARED}"""
_ARCHITECTURE = f"""\
What do a network's multiply-adds buy? FaceNet's table 3 and figure 4.

  python -m recognition study architecture studies/nets --data faces --networks nns2 nns1 nn4

--image-size 0 gives every network its own input; else all see the same pixels.

{_SHARED}"""


def _add_shared(parser: ArgumentParser) -> None:
    parser.add_argument("out", type=Path, metavar="OUT", help="the study's folder")
    parser.add_argument("--data", type=Path, metavar="DIR", help="with a folder per person, cut")
    parser.add_argument("--held-out", type=share, default=0.3, help="share of people (default 0.3)")
    parser.add_argument("--far", type=share, default=1e-2, help="of VAL (default 0.01)")
    parser.add_argument("--repeats", type=at_least(1), default=2, help="seeds (default 2)")
    parser.add_argument("--seed", type=at_least(0), default=666, help="the first (default 666)")
    group = parser.add_argument_group("training")
    group.add_argument("--image-size", type=at_least(0), default=48, metavar="PX")
    group.add_argument("--epochs", type=at_least(1), default=4)
    group.add_argument("--epoch-size", type=at_least(1), default=40, help="batches (default 40)")
    group.add_argument("--batch-size", type=at_least(2), default=32)
    group.add_argument("--learning-rate", type=_rate, default=0.05)
    group.add_argument("--optimiser", choices=("ADAM", "ADAGRAD", "MOM"), default="ADAM")
    group.add_argument("--device", choices=get_args(Device), default="auto")
    group.add_argument("--workers", type=at_least(0), default=0, help="loading threads")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _add_network(parser: ArgumentParser) -> None:
    parser.add_argument("--network", choices=tuple(NETWORKS), default="nns2")


def _add_embedding(parser: ArgumentParser) -> None:
    parser.add_argument("--embedding-size", type=at_least(1), default=128)


def _add_sizes(parser: ArgumentParser) -> None:
    _add_shared(parser)
    _add_network(parser)
    parser.add_argument("--sizes", type=at_least(1), nargs="+", default=[64, 128, 256, 512])


def _add_data(parser: ArgumentParser) -> None:
    _add_shared(parser)
    _add_network(parser)
    _add_embedding(parser)
    parser.add_argument("--shares", type=_part, nargs="+", default=[0.125, 0.25, 0.5, 1.0])
    parser.add_argument("--unit", choices=("people", "pictures"), default="people")


def _add_networks(parser: ArgumentParser) -> None:
    _add_shared(parser)
    _add_embedding(parser)
    parser.add_argument(
        "--networks", nargs="+", choices=tuple(NETWORKS), default=["dummy", "nns2", "squeezenet"]
    )


def _rate(text: str) -> float:
    value = _number(text)
    if value <= 0.0:
        raise ArgumentTypeError(f"{text!r} is no learning rate above 0")
    return value


def _part(text: str) -> float:
    value = _number(text)
    if not 0.0 < value <= 1.0:
        raise ArgumentTypeError(f"{text!r} is not a share above 0 and up to 1")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -1.0


def _prepare(options: Namespace) -> tuple[Source, TrainingStudy]:
    from recognition.studies.patterns import Coats
    from recognition.studies.trained import TrainingStudy
    from recognition.training.loop import Plan
    from recognition.training.schedule import StepSchedule
    from recognition.training.session import RunSettings
    from recognition.training.sources import open_folder

    made = Coats(individuals=80, pictures=8)
    source: Source = made if options.data is None else open_folder(options.data)
    px = options.image_size or None
    settings = RunSettings(
        logs=options.out,
        network=getattr(options, "network", "nns2"),
        embedding_size=getattr(options, "embedding_size", 128),
        input_px=px,
        batch_size=options.batch_size,
        epoch_size=options.epoch_size,
        # A short run's running means must follow it; facenet's 0.995 needs a thousand batches.
        batch_norm_decay=0.9,
        resize_px=px,
        workers=options.workers,
        device=options.device,
        validate_every=options.epochs,
        plan=Plan(
            optimiser=options.optimiser,
            schedule=StepSchedule(options.learning_rate),
            max_epochs=options.epochs,
            ema_decay=0.95,
            seed=options.seed,
        ),
    )
    return source, TrainingStudy(
        folder=options.out,
        settings=settings,
        data="made animals" if options.data is None else str(options.data.resolve()),
        seeds=tuple(options.seed + number for number in range(options.repeats)),
        held_share=options.held_out,
        far=options.far,
    )


def _run_sizes(options: Namespace) -> int:
    from recognition.studies.embedding_size import study_embedding_size

    source, study = _prepare(options)
    rows = study_embedding_size(source, study, sizes=options.sizes, say=complain)
    return _answer(rows, options, by="embedding_size", columns=("embedding_size",))


def _run_data(options: Namespace) -> int:
    from recognition.studies.data_size import study_data_size

    source, study = _prepare(options)
    rows = study_data_size(source, study, shares=options.shares, unit=options.unit, say=complain)
    return _answer(rows, options, by="pictures", columns=("people", "pictures"))


def _run_networks(options: Namespace) -> int:
    from recognition.studies.architecture import study_architecture

    source, study = _prepare(options)
    rows = study_architecture(source, study, networks=options.networks, say=complain)
    columns = ("network", "input_px", "parameters", "multiply_adds")
    return _answer(rows, options, by="network", columns=columns)


def _answer(rows: Sequence[Row], options: Namespace, *, by: str, columns: Sequence[str]) -> int:
    from recognition.studies.sweep import means_of
    from recognition.studies.trained import FIGURES

    means = means_of(rows, by=by, figures=FIGURES)
    plot = _draw(means, options, by=by)
    if options.json:
        print_json({"ok": True, "rows": rows, "means": means, "plots": [str(plot)]})
        return 0
    print_table(
        (*(name.replace("_", " ") for name in columns), *_HEADER),
        [(*(_cell(row[name]) for name in columns), *_figures(row)) for row in means],
    )
    first = rows[0]
    print(
        f"\nVAL at FAR {options.far:g}: {first['genuine_pairs']:,} genuine and "
        f"{first['impostor_pairs']:,} impostor pairs of people held out; {means[0]['runs']} runs a "
        f"row. {first['note']}".rstrip()
    )
    print(f"drawn: {plot}")
    return 0


_HEADER = ("VAL", "± runs", "AUC", "EER", "rank-1", "± runs")


def _figures(row: Row) -> tuple[str, ...]:
    return (
        percent(row["val"]), _spread(row["val_std"]), f"{row['auc']:.4f}", percent(row["eer"]),
        percent(row["rank_1"]), _spread(row["rank_1_std"]),
    )  # fmt: skip


def _spread(value: float | None) -> str:
    return "–" if value is None else percent(value)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


_ACROSS = {
    "embedding_size": "numbers of the embedding",
    "pictures": "pictures to train on",
    "network": "multiply-adds of a picture",
}


def _draw(means: Sequence[Row], options: Namespace, *, by: str) -> Path:
    from recognition.studies.plots import Line, save_study

    def x_of(row: Row) -> float:
        return float(row["multiply_adds" if by == "network" else by])

    own = sorted(means, key=x_of)
    best = max(own, key=lambda row: row["val"])
    path: Path = options.out / f"{options.study.name}.png"
    has_spread = all(row["val_std"] is not None for row in own)
    save_study(
        path,
        [
            Line(
                "VAL", [x_of(row) for row in own], [row["val"] for row in own],
                [row["val"] - row["val_std"] for row in own] if has_spread else None,
                [row["val"] + row["val_std"] for row in own] if has_spread else None,
                [row["network"] for row in own] if by == "network" else None,
            )
        ],
        title=f"VAL is highest with {_cell(best[by])}: {percent(best['val'])}",
        across=_ACROSS[by], up=f"VAL at FAR {options.far:g}", is_logarithmic=True,
    )  # fmt: skip
    return path


EMBEDDING_SIZE = Command(
    "embedding-size", "how many numbers an embedding needs (table 5)", _EMBEDDING_SIZE,
    _add_sizes, _run_sizes,
)  # fmt: skip
DATA_SIZE = Command(
    "data-size", "what more training data buys (table 6)", _DATA_SIZE, _add_data, _run_data
)
ARCHITECTURE = Command(
    "architecture", "what multiply-adds buy (table 3)", _ARCHITECTURE,
    _add_networks, _run_networks,
)  # fmt: skip
