"""``train triplet``: triplet loss with mining, and harmonic embeddings."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from recognition.cli._arguments import at_least
from recognition.cli._command import Command
from recognition.cli._output import complain
from recognition.cli._training_options import (
    add_run_arguments,
    arguments_of,
    non_negative,
    open_source,
    report,
    settings_of,
    unfit,
)

if TYPE_CHECKING:
    from recognition.training.triplet import TripletSettings

__all__ = ["COMMAND"]

_DESCRIPTION = """\
Train a network so that pictures of one person are closer than any of another by a margin.

  python -m recognition train triplet faces/ runs/ --optimiser RMSPROP --learning-rate 0.01 \\
      --weight-decay 1e-4 --max-epochs 500

Each cycle draws --people-per-batch people with up to --images-per-person pictures, embeds them,
chooses triplets by --mining and trains on those in batches of --batch-size pictures (of three
each). An epoch ends early where no triplet violates the margin any more.

vgg_random   per pair of one person a random negative within the margin (facenet)
semi_hard    of these only negatives farther than the positive (FaceNet's paper)
batch_hard   every picture with its farthest positive and nearest negative
all_pairs    all pairs of one person, each with its nearest semi-hard negative

--compatible-with FILE keeps the new embeddings comparable with those of an older network (harmonic
triplet loss), so that a gallery need not be embedded anew: begin from --pretrained, let the head
learn alone for some --head-epochs, then everything. Its triplets are semi_hard unless --mining says
batch_hard or all_pairs.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    add_run_arguments(parser)
    group = parser.add_argument_group("triplets")
    group.add_argument("--people-per-batch", type=at_least(2), default=45)
    group.add_argument("--images-per-person", type=at_least(2), help="at most (default 40)")
    group.add_argument("--alpha", type=non_negative, default=0.2, help="margin (default 0.2)")
    group.add_argument("--reduction", choices=("mean", "sum"), help="of a batch's triplets (mean)")
    group.add_argument(
        "--mining",
        choices=("vgg_random", "semi_hard", "batch_hard", "all_pairs"),
        default="vgg_random",
    )
    group.add_argument(
        "--mining-mode",
        choices=("train", "eval"),
        help="of batch normalisation while triplets are mined (facenet: train)",
    )
    group.add_argument("--compatible-with", type=Path, metavar="FILE", help="an older network")


def _triplet_of(options: Namespace) -> TripletSettings:
    from recognition.training.triplet import TripletSettings

    own = {
        name: getattr(options, name)
        for name in ("images_per_person", "reduction", "mining_mode")
        if getattr(options, name) is not None
    }
    if own and options.compatible_with is not None:
        named = ", ".join(f"--{name.replace('_', '-')}" for name in own)
        raise unfit(
            f"{named} cannot be chosen with --compatible-with: harmonic triplets are mined in every "
            "batch as it is trained, of --batch-size / --people-per-batch pictures of each, and "
            "their mean counts"
        )
    return TripletSettings(
        people_per_batch=options.people_per_batch,
        margin=options.alpha,
        rule=options.mining,
        compatible_with=options.compatible_with,
        **own,
    )


def _run(options: Namespace) -> int:
    from recognition.training.triplet import train_triplet

    outcome = train_triplet(
        open_source(options.data),
        settings_of(options),
        triplet=_triplet_of(options),
        arguments=arguments_of(options),
        say=complain if options.json else print,
    )
    return report(outcome, options)


COMMAND = Command(
    "triplet", "triplet loss with mining; embeddings that stay compatible",
    _DESCRIPTION, _add_arguments, _run,
)  # fmt: skip
