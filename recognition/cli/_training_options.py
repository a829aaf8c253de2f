"""The options that all trainers of embedding networks share, by facenet's names and defaults.

Public surface: ``add_run_arguments``, ``add_loss_arguments``, ``open_source``, ``report``,
``settings_of``, ``unfit``, ``weights_of``.
"""

from __future__ import annotations

import math
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from recognition.cli._arguments import at_least, share
from recognition.cli._output import print_json
from recognition.config import Device
from recognition.errors import RecognitionError
from recognition.networks.registry import NETWORKS

if TYPE_CHECKING:
    from recognition.training.objectives import LossWeights
    from recognition.training.schedule import Schedule
    from recognition.training.session import Outcome, RunSettings
    from recognition.training.sources import Source

__all__ = [
    "add_loss_arguments",
    "add_run_arguments",
    "arguments_of",
    "non_negative",
    "open_source",
    "report",
    "settings_of",
    "unfit",
    "weights_of",
]

_Value = TypeVar("_Value")
_OPTIMISERS = ("ADAGRAD", "ADADELTA", "ADAM", "RMSPROP", "MOM")


def non_negative(text: str) -> float:
    """A number from 0 on."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0.0 <= number < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number from 0 on")
    return number


def _positive(text: str) -> float:
    number = non_negative(text)
    if not number:
        raise ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def _decay(text: str) -> float:
    number = share(text)
    if number == 1.0:
        raise ArgumentTypeError("with a decay of 1 an average never moves; name one below 1")
    return number


def add_run_arguments(parser: ArgumentParser, *, optimiser: str = "ADAGRAD") -> None:
    """Add data, network, optimiser, augmentation, validation and machine."""
    parser.add_argument(
        "data", type=Path, metavar="DATA", help="with a folder per person, or archives"
    )
    parser.add_argument("logs", type=Path, metavar="RUNS", help="where the run's folder is made")
    _add_network_arguments(parser)
    _add_optimiser_arguments(parser, optimiser)
    _add_picture_arguments(parser)
    _add_validation_arguments(parser)
    _add_machine_arguments(parser)


def _add_network_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("network")
    group.add_argument("--network", choices=tuple(NETWORKS), default="inception-resnet-v1")
    group.add_argument("--embedding-size", type=at_least(1), default=128)
    group.add_argument(
        "--image-size", type=at_least(16), metavar="PX", help="default: the network's own"
    )
    group.add_argument(
        "--keep-probability", type=share, default=1.0, help="1 minus dropout (default 1)"
    )
    group.add_argument(
        "--batch-norm-decay",
        type=_decay,
        help="of running means; default the network's own (0.995 in facenet), 0.9 suits short runs",
    )
    group.add_argument(
        "--pretrained", type=Path, metavar="FILE", help="begin from the weights of this network"
    )
    group.add_argument(
        "--keep-head", action="store_true", help="the embedding's layers of --pretrained, too"
    )
    group.add_argument(
        "--head-epochs",
        type=at_least(0),
        default=0,
        metavar="N",
        help="for so many epochs the head learns alone",
    )


def _add_optimiser_arguments(parser: ArgumentParser, optimiser: str) -> None:
    group = parser.add_argument_group("optimiser")
    group.add_argument(
        "--optimiser", "--optimizer", choices=_OPTIMISERS, default=optimiser,
        help="with facenet's constants: ADAM eps 0.1, RMSPROP decay and momentum 0.9 and eps 1, "
        "MOM Nesterov 0.9 (default %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--learning-rate", type=float, help="default 0.1; -1: from --learning-rate-schedule"
    )
    group.add_argument("--learning-rate-decay-epochs", type=at_least(1), help="default 100")
    group.add_argument("--learning-rate-decay-factor", type=non_negative, help="default 1")
    group.add_argument(
        "--learning-rate-schedule",
        type=Path,
        metavar="FILE",
        help="lines `epoch: rate`, - or -1 to stop",
    )
    group.add_argument("--weight-decay", type=non_negative, default=0.0)
    group.add_argument("--moving-average-decay", type=_decay, default=0.9999, help="0: none")
    group.add_argument("--max-epochs", type=at_least(1), default=500)
    group.add_argument("--epoch-size", type=at_least(1), default=1000, help="batches (1000)")
    group.add_argument("--batch-size", type=at_least(2), default=90)
    group.add_argument(
        "--accumulate", type=at_least(1), default=1, help="compute each batch in so many parts"
    )
    group.add_argument("--seed", type=at_least(0), default=666)


def _add_picture_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("pictures")
    group.add_argument("--random-crop", action="store_true", help="else from the centre")
    group.add_argument("--random-flip", action="store_true")
    group.add_argument("--random-rotate", action="store_true", help="by up to 10 degrees")
    group.add_argument(
        "--fixed-standardisation",
        action="store_true",
        help="(x - 127.5) / 128 in place of each picture's own mean and deviation",
    )
    group.add_argument(
        "--resize", type=at_least(16), metavar="PX", help="the shorter side first, then crop"
    )
    group.add_argument(
        "--min-images-per-class", type=at_least(1), default=1, help="leave people with fewer out"
    )
    group.add_argument(
        "--on-damage",
        choices=("skip", "refuse"),
        default="skip",
        help="a damaged picture is left out and named (default), or ends the training",
    )
    group.add_argument("--workers", type=at_least(0), help="loading threads (default up to 4)")
    group.add_argument(
        "--crop",
        metavar="KIND",
        choices=("arcface", "facenet", "facenet-pytorch"),
        help="how the faces were cut, for the network's file: arcface, facenet, facenet-pytorch",
    )
    group.add_argument(
        "--crop-margin", type=at_least(0), metavar="PX", help="of facenet and facenet-pytorch (44)"
    )


def _add_validation_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("validation")
    group.add_argument(
        "--validation-set-split-ratio", type=share, default=0.0, help="held back (default none)"
    )
    group.add_argument(
        "--validation-set-split-mode",
        choices=("images", "classes"),
        default="images",
        help="pictures of everybody (accuracy), or people as a whole (verification)",
    )
    group.add_argument(
        "--min-nrof-val-images-per-class", type=at_least(1), help="where pictures are held back (1)"
    )
    group.add_argument("--validate-every-n-epochs", type=at_least(1), default=5)
    group.add_argument("--lfw-dir", type=Path, help="LFW's pictures, cut as DATA is")
    group.add_argument("--lfw-pairs", type=Path, help="pairs.txt")
    group.add_argument("--lfw-batch-size", type=at_least(1), default=100)
    group.add_argument("--lfw-distance-metric", type=int, choices=(0, 1), default=0)
    group.add_argument("--lfw-use-flipped-images", action="store_true")
    group.add_argument("--lfw-subtract-mean", action="store_true")


def _add_machine_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("machine and records")
    group.add_argument("--device", choices=get_args(Device), default="auto")
    group.add_argument(
        "--precision",
        choices=("auto", "f32", "bf16", "f16"),
        default="auto",
        help="auto: half precision on a GPU, f32 on a processor",
    )
    group.add_argument("--resume", action="store_true", help="RUNS is the run that goes on")
    group.add_argument(
        "--new-schedule",
        action="store_true",
        help="with --resume: go on with other learning rates than the run began with",
    )
    group.add_argument("--tensorboard", action="store_true")
    group.add_argument("--json", action="store_true", help="one JSON object at the end")


def add_loss_arguments(parser: ArgumentParser) -> None:
    """Add what facenet adds to cross entropy, and bootstrapping."""
    group = parser.add_argument_group("losses beside cross entropy")
    group.add_argument("--center-loss-factor", type=non_negative, default=0.0)
    group.add_argument("--center-loss-alfa", type=share, default=0.95)
    group.add_argument("--prelogits-norm-loss-factor", type=non_negative, default=0.0)
    group.add_argument("--prelogits-norm-p", type=_positive, default=1.0)
    group.add_argument(
        "--prelogits-hist-max", type=_positive, default=10.0, help="upper end of the histogram"
    )
    group.add_argument(
        "--bootstrap-beta",
        type=share,
        default=1.0,
        help="share of the label in the target; 0.8 where some labels are wrong (default 1)",
    )


def weights_of(options: Namespace) -> LossWeights:
    from recognition.training.objectives import LossWeights

    return LossWeights(
        center=options.center_loss_factor,
        center_alpha=options.center_loss_alfa,
        prelogits_norm=options.prelogits_norm_loss_factor,
        prelogits_order=options.prelogits_norm_p,
        bootstrap_beta=options.bootstrap_beta,
        histogram_max=options.prelogits_hist_max,
    )


def open_source(path: Path) -> Source:
    """The folder of people, or of archives. Raises ``DatasetRejected`` and ``TrainingError``."""
    from recognition.datasets.shards import INDEX_FILE, open_shards
    from recognition.training.sources import open_folder

    return open_shards(path) if (path / INDEX_FILE).is_file() else open_folder(path)


def settings_of(options: Namespace) -> RunSettings:
    """What these options describe. Raises ``RecognitionError`` where two do not go together."""
    from recognition.training.batches import default_workers
    from recognition.training.loop import Plan
    from recognition.training.session import LfwSettings, RunSettings

    schedule = _schedule_of(options)
    if (options.lfw_dir is None) != (options.lfw_pairs is None):
        raise unfit("--lfw-dir and --lfw-pairs belong together")
    if options.keep_probability == 0.0:
        raise unfit("--keep-probability 0 keeps nothing")
    if options.head_epochs and options.pretrained is None:
        raise unfit("--head-epochs trains the head on a trunk that has learnt: name --pretrained")
    if options.new_schedule and not options.resume:
        raise unfit("--new-schedule changes the learning rates of a run that goes on: --resume")
    if options.keep_head and options.pretrained is None:
        raise unfit("--keep-head takes the head of a network that has learnt: name --pretrained")
    least_held_back = options.min_nrof_val_images_per_class
    holds_pictures = (
        options.validation_set_split_ratio and options.validation_set_split_mode == "images"
    )
    if least_held_back is not None and not holds_pictures:
        raise unfit(
            "--min-nrof-val-images-per-class is of pictures held back: it goes with "
            "--validation-set-split-ratio and the mode images"
        )
    lfw = options.lfw_dir and LfwSettings(
        images=options.lfw_dir,
        pairs=options.lfw_pairs,
        batch_size=options.lfw_batch_size,
        metric=options.lfw_distance_metric,
        has_flip=options.lfw_use_flipped_images,
        subtract_mean=options.lfw_subtract_mean,
    )
    return RunSettings(
        logs=options.logs,
        network=options.network,
        embedding_size=options.embedding_size,
        input_px=options.image_size,
        keep_probability=options.keep_probability,
        batch_norm_decay=options.batch_norm_decay,
        pretrained=options.pretrained,
        keep_head=options.keep_head,
        head_epochs=options.head_epochs,
        batch_size=options.batch_size,
        epoch_size=options.epoch_size,
        random_crop=options.random_crop,
        random_flip=options.random_flip,
        random_rotate=options.random_rotate,
        fixed_standardisation=options.fixed_standardisation,
        resize_px=options.resize,
        workers=default_workers() if options.workers is None else options.workers,
        on_damage=options.on_damage,
        min_images_per_class=options.min_images_per_class,
        validation_share=options.validation_set_split_ratio,
        validation_mode=options.validation_set_split_mode,
        min_validation_images=_or(least_held_back, 1),
        validate_every=options.validate_every_n_epochs,
        lfw=lfw or None,
        device=options.device,
        crop=_crop_of(options),
        has_tensorboard=options.tensorboard,
        resume=options.resume,
        new_schedule=options.new_schedule,
        plan=Plan(
            optimiser=options.optimiser,
            schedule=schedule,
            max_epochs=options.max_epochs,
            weight_decay=options.weight_decay,
            ema_decay=options.moving_average_decay,
            accumulate=options.accumulate,
            precision=options.precision,
            seed=options.seed,
        ),
    )


def _schedule_of(options: Namespace) -> Schedule:
    from recognition.training.schedule import StepSchedule, read_schedule

    rate = _or(options.learning_rate, 0.1)
    factor, every = options.learning_rate_decay_factor, options.learning_rate_decay_epochs
    if options.learning_rate_schedule is not None:
        schedule = read_schedule(options.learning_rate_schedule)
        if options.learning_rate is not None and options.learning_rate >= 0:
            raise unfit(
                "--learning-rate and --learning-rate-schedule both say the rate: name one, or -1"
            )
        if factor is not None or every is not None:
            raise unfit(
                "--learning-rate-decay-factor and -epochs are a staircase below --learning-rate; "
                "--learning-rate-schedule says every rate by itself"
            )
        return schedule
    if not math.isfinite(rate):
        raise unfit(f"--learning-rate {rate} is no rate")
    if rate < 0:
        raise unfit("--learning-rate -1 means a schedule; name it with --learning-rate-schedule")
    return StepSchedule(rate, _or(factor, 1.0), _or(every, 100))


def _or(value: _Value | None, default: _Value) -> _Value:
    return default if value is None else value


def arguments_of(options: Namespace) -> dict[str, Any]:
    """All options by name, for the run's records."""
    hidden = {"command", "kind_command"}
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in sorted(vars(options).items())
        if name not in hidden
    }


def report(outcome: Outcome, options: Namespace) -> int:
    """Say where everything is; exit code 1 where pictures could not be used."""
    if not outcome.is_first:  # of several processes, which torchrun ends with the first to fail
        return 0
    last: Mapping[str, Any] = outcome.last
    if options.json:
        print_json(
            {
                "run": str(outcome.run),
                "network": str(outcome.network_file),
                "epochs": outcome.epochs,
                "last": dict(last),
                "damaged": dict(outcome.problems),
            }
        )
    else:
        print(f"{outcome.network_file}: {options.network} after {outcome.epochs} epochs.")
    return 1 if outcome.problems else 0


def _crop_of(options: Namespace) -> Any:
    from recognition.embedding_spec import CropSpec
    from recognition.networks import network_spec

    if options.crop_margin is not None and options.crop in {None, "arcface"}:
        raise unfit("--crop-margin is of a box: it goes with --crop facenet or facenet-pytorch")
    if options.crop is None:
        return None
    size = options.image_size or network_spec(options.network).input_px
    if options.crop == "arcface":
        return CropSpec(size_px=size)
    return CropSpec(
        alignment="box-margin",
        size_px=size,
        margin_px=_or(options.crop_margin, 44),
        margin_convention=options.crop,
    )


def unfit(message: str) -> RecognitionError:
    """Options that do not go together."""
    return RecognitionError(f"{message}.", code="training.options")
