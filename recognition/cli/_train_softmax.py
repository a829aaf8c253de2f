"""``train softmax``: classify the people, facenet's ``train_softmax``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from recognition.cli._command import Command
from recognition.cli._output import complain
from recognition.cli._training_options import (
    add_loss_arguments,
    add_run_arguments,
    arguments_of,
    open_source,
    report,
    settings_of,
    weights_of,
)

__all__ = ["COMMAND"]

_DESCRIPTION = """\
Train a network to tell the people of DATA apart; what it says before the last layer is the
embedding.

  python -m recognition train softmax faces/ runs/ --network inception-resnet-v1 \\
      --embedding-size 512 --optimiser ADAM --learning-rate -1 \\
      --learning-rate-schedule casia.txt --max-epochs 150 --keep-probability 0.8 \\
      --random-crop --random-flip --fixed-standardisation --weight-decay 5e-4 \\
      --prelogits-norm-loss-factor 5e-4 --validation-set-split-ratio 0.05

is facenet's recipe for CASIA-WebFace. Defaults are facenet's, too. Exit code 1: pictures were left
out; they are named in damaged_pictures.json.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    add_run_arguments(parser)
    add_loss_arguments(parser)


def _run(options: Namespace) -> int:
    from recognition.training.softmax import train_softmax

    outcome = train_softmax(
        open_source(options.data),
        settings_of(options),
        weights=weights_of(options),
        arguments=arguments_of(options),
        say=complain if options.json else print,
    )
    return report(outcome, options)


COMMAND = Command(
    "softmax", "classify people: cross entropy, center loss, prelogits norm",
    _DESCRIPTION, _add_arguments, _run,
)  # fmt: skip
