"""``train``: networks of one's own, from pictures in a folder per person."""

from __future__ import annotations

import pkgutil
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from recognition.cli._command import Command

__all__ = ["COMMAND"]

_PREFIX = "_train_"
_DESCRIPTION = """\
Train an embedding network on DATA/<person>/<picture>, faces cut to the network's size (`align`).

  python -m recognition train softmax faces/ runs/ --network mobilefacenet --optimiser ADAM
  python -m recognition train margin faces/ runs/ --kind arcface
  python -m recognition train triplet faces/ runs/ --optimiser RMSPROP --learning-rate 0.01
  torchrun --nproc-per-node 2 -m recognition train softmax faces/ runs/

Each run has a folder of its own, named by its date: arguments, code revision, every step's and
epoch's numbers, learning curves as a picture, the three newest checkpoints and at its end
network.safetensors. A run that was stopped, however rudely, goes on with the same command and
--resume RUN: on a processor to the same numbers, bit by bit. docs/training.md explains all of it.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    kinds = parser.add_subparsers(metavar="KIND", required=True)
    for kind in _kinds():
        own = kinds.add_parser(
            kind.name,
            help=kind.summary,
            description=kind.description,
            formatter_class=RawDescriptionHelpFormatter,
        )
        kind.add_arguments(own)
        own.set_defaults(kind_command=kind)


def _kinds() -> Iterator[Command]:
    """``COMMAND`` of every module beside this one whose name begins with ``_train_``."""
    folder = str(Path(__file__).parent)
    for module in sorted(pkgutil.iter_modules([folder]), key=lambda found: found.name):
        if module.name.startswith(_PREFIX):
            yield import_module(f"recognition.cli.{module.name}").COMMAND


def _run(options: Namespace) -> int:
    kind: Command = options.kind_command
    return kind.run(options)


COMMAND = Command(
    "train",
    "train networks: softmax, margin, triplet and others",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
