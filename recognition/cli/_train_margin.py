"""``train margin``: AM-Softmax (CosFace), ArcFace, combined margin."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from typing import TYPE_CHECKING

from recognition.cli._arguments import at_least
from recognition.cli._command import Command
from recognition.cli._output import complain
from recognition.cli._training_options import (
    add_loss_arguments,
    add_run_arguments,
    arguments_of,
    non_negative,
    open_source,
    report,
    settings_of,
    unfit,
    weights_of,
)

if TYPE_CHECKING:
    from recognition.training.margin import MarginSettings

__all__ = ["COMMAND"]

_DESCRIPTION = """\
Train a network to tell the people of DATA apart by angles, with a margin.

  python -m recognition train margin faces/ runs/ --kind arcface --network iresnet-50
  python -m recognition train margin faces/ runs/ --kind combined --margins 1 0.3 0.2

am         s (cos theta - m), s 30, m 0.35; the same formula as CosFace
arcface    s cos(theta + m), s 64, m 0.5
combined   s (cos(m1 theta + m2) - m3), s 64

A scale of 64 suits tens of thousands of people; with some dozens 16 to 30 learns faster. The
accuracy that is printed is without the margin.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    add_run_arguments(parser, optimiser="MOM")
    group = parser.add_argument_group("margin")
    group.add_argument("--kind", choices=("am", "arcface", "combined"), default="arcface")
    group.add_argument("--scale", type=at_least(1), help="s; default the paper's")
    group.add_argument("--margin", type=non_negative, help="m of am and arcface")
    group.add_argument(
        "--margins", type=non_negative, nargs=3, metavar=("M1", "M2", "M3"),
        help="of combined (1 0.3 0.2)",
    )  # fmt: skip
    add_loss_arguments(parser)


def _margin_of(options: Namespace) -> MarginSettings:
    from recognition.training.margin import MarginSettings

    if options.kind == "combined" and options.margin is not None:
        raise unfit("--margin is of am and arcface; combined takes --margins M1 M2 M3")
    if options.kind != "combined" and options.margins is not None:
        raise unfit(f"--margins is of combined; {options.kind} takes --margin")
    chosen = MarginSettings(kind=options.kind, scale=options.scale, margin=options.margin)
    return chosen if options.margins is None else replace(chosen, margins=tuple(options.margins))


def _run(options: Namespace) -> int:
    from recognition.training.margin import train_margin

    outcome = train_margin(
        open_source(options.data),
        settings_of(options),
        margin=_margin_of(options),
        weights=weights_of(options),
        arguments=arguments_of(options),
        say=complain if options.json else print,
    )
    return report(outcome, options)


COMMAND = Command(
    "margin", "AM-Softmax (CosFace), ArcFace, combined margin", _DESCRIPTION, _add_arguments, _run
)
